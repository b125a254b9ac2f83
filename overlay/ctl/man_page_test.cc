// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/man_page.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "overlay/ctl/app.h"

namespace overlay::ctl {
namespace {

std::string read(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ManPageTest : public testing::Test {
 protected:
  ManPageTest() {
    parser.add_option("-o,--output", text, "how it is shown")->type_name("FORMAT");
    auto* forget = parser.add_subcommand("forget", "remove dead hosts");
    forget->add_option("--heir", text, "the node, as --name says")->type_name("NAME");
    forget->add_option("NAME", names, "the hosts")->required();
    forget->add_subcommand("all", "remove them all");
  }
  std::string text;
  std::vector<std::string> names;
  CLI::App parser{"a program", "overlayctl"};
};

TEST_F(ManPageTest, FillsInWhatTheParserKnows) {
  EXPECT_EQ(
      man_page(parser,
               ".Option help\n.Option output\nJust so.\n.Command forget\nFor ever.\n.Command forget all\n")
          .value(),
      ".It Fl h , -help\n"
      ".It Fl o , -output Ar format\n"
      "Just so.\n"
      ".It Xo\n.Cm forget\n.Ar name ...\n.Op Fl -heir Ar name\n.Xc\n"
      "Remove dead hosts.\n"
      ".Bl -tag -width Ds -compact\n"
      ".It Ar name ...\nthe hosts\n"
      ".It Fl -heir Ar name\nthe node, as \\-\\-name says\n"
      ".El\n"
      ".Pp\n"
      "For ever.\n"
      ".It Xo\n.Cm forget all\n.Xc\n"
      "Remove them all.\n");
}

TEST_F(ManPageTest, RefusesATemplateThatLeavesSomethingOutOrHasTooMuch) {
  EXPECT_EQ(man_page(parser, ".Option help\n.Option output\n.Command forget\n").error().text,
            "the template says nothing of \"forget all\"");
  EXPECT_EQ(man_page(parser, ".Option help\n.Command forget\n.Command forget all\n").error().text,
            "the template says nothing of \"output\"");
  EXPECT_EQ(man_page(parser, ".Command remember\n").error().text, "the template has a \"remember\" too many");
  EXPECT_EQ(man_page(parser, ".Option heir\n").error().text, "the template has a \"heir\" too many");
}

TEST(ManPage, IsWhatTheTemplateAndTheTableOfCommandsMake) {
  CLI::App whole;
  Options options;
  declare(whole, options);
  const auto page = man_page(whole, read(OVERLAYCTL_MAN_TEMPLATE));
  ASSERT_TRUE(page.has_value()) << page.error().text;
  EXPECT_EQ(read(OVERLAYCTL_MAN_PAGE), *page)
      << "make it anew with: cmake --build build/release --target man";
}

}  // namespace
}  // namespace overlay::ctl
