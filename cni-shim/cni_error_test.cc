// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/cni_error.h"

#include <gtest/gtest.h>

namespace overlay::cni {
namespace {

TEST(CniError, prints_the_object_of_the_specification) {
  EXPECT_EQ(to_json(CniError(Code::try_again, "overlayd is not ready"), "1.0.0"),
            R"({"cniVersion":"1.0.0","code":11,"msg":"overlayd is not ready"})");
  EXPECT_EQ(to_json(CniError(Code::undecodable, "not \"JSON\"", "at 3"), "0.4.0"),
            R"({"cniVersion":"0.4.0","code":6,"msg":"not \"JSON\"","details":"at 3"})");
}

TEST(CniError, takes_its_code_from_the_kind_of_a_lower_failure) {
  const std::vector<std::pair<Errc, Code>> cases{{Errc::unavailable, Code::try_again},
                                                 {Errc::exhausted, Code::exhausted},
                                                 {Errc::refused, Code::refused},
                                                 {Errc::exists, Code::exists},
                                                 {Errc::io, Code::io},
                                                 {Errc::corrupt, Code::io},
                                                 {Errc::invalid, Code::failed},
                                                 {Errc::not_found, Code::failed},
                                                 {Errc::conflict, Code::taken},
                                                 {Errc::unsupported, Code::failed}};
  for (const auto& [kind, code] : cases) {
    EXPECT_EQ(CniError(Error{kind, "why"}), CniError(code, "why")) << name(kind);
  }
}

}  // namespace
}  // namespace overlay::cni
