// SPDX-License-Identifier: Apache-2.0
// The scripts offer what the parser knows; tests/completion.sh runs them in their shells.
#include "overlay/ctl/completion.h"

#include <gmock/gmock.h>

namespace overlay::ctl {
namespace {

using testing::HasSubstr;

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() {
    parser.add_option("-o,--output", text, "how it's shown")->type_name("FORMAT");
    auto* wait = parser.add_subcommand("wait", "wait for it");
    wait->add_option("--for", text, "what for")->type_name("CONDITION");
    auto* forget = parser.add_subcommand("forget", "remove hosts");
    forget->add_option("NAME", text, "the hosts")->type_name("NAME");
  }
  std::string text;
  CLI::App parser{"a program", "overlayctl"};
};

TEST_F(CompletionTest, BashOffersCommandsOptionsAndValues) {
  const auto script = completion(parser, "bash").value();
  EXPECT_THAT(script,
              HasSubstr("'overlayctl') COMPREPLY=($(compgen -W \"wait forget --help -h --output -o\""));
  EXPECT_THAT(script,
              HasSubstr("'overlayctl wait --for') COMPREPLY=($(compgen -W \"ready synced peers= path=\""));
  EXPECT_THAT(script, HasSubstr("'overlayctl wait -o') COMPREPLY=($(compgen -W \"table wide json\""));
  EXPECT_THAT(script, HasSubstr("overlayctl peers 2>/dev/null"));
}

TEST_F(CompletionTest, ZshAndFishTellWhatEachIsFor) {
  EXPECT_THAT(completion(parser, "zsh").value(), HasSubstr("'--output:how it'\\''s shown'"));
  EXPECT_THAT(completion(parser, "fish").value(),
              HasSubstr("complete -c overlayctl -n __fish_use_subcommand -a wait -d 'wait for it'"));
}

TEST_F(CompletionTest, AnotherShellIsRefused) {
  EXPECT_EQ(completion(parser, "csh").error().text,
            "there is no completion for \"csh\": give bash, zsh or fish");
}

}  // namespace
}  // namespace overlay::ctl
