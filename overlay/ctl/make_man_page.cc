// SPDX-License-Identifier: Apache-2.0
// make-man-page <overlay/ctl/overlayctl.1.in >docs/man/overlayctl.1; the target `man` does it.
#include <iostream>
#include <iterator>

#include "overlay/ctl/app.h"
#include "overlay/ctl/man_page.h"

int main() {
  const std::string page_template{std::istreambuf_iterator<char>(std::cin), {}};
  CLI::App parser;
  overlay::ctl::Options options;
  overlay::ctl::declare(parser, options);
  const auto page = overlay::ctl::man_page(parser, page_template);
  if (!page) {
    std::cerr << page.error().text << "\n";
    return 1;
  }
  std::cout << *page;
  return 0;
}
