// SPDX-License-Identifier: Apache-2.0
// The plugin is copied to hosts and into images of any distribution: one static file, and a small one.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace overlay::cni {
namespace {

TEST(Binary, needs_no_loader_and_no_shared_library) {
  std::ifstream in(CNI_SHIM_BINARY, std::ios::binary);
  Elf64_Ehdr header{};
  ASSERT_TRUE(in.read(reinterpret_cast<char*>(&header), sizeof header));
  ASSERT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  in.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    ASSERT_TRUE(in.read(reinterpret_cast<char*>(&segment), sizeof segment));
    EXPECT_NE(segment.p_type, PT_INTERP) << "it asks for a loader: not linked with -static";
    EXPECT_NE(segment.p_type, PT_DYNAMIC) << "it names shared libraries: not linked with -static";
  }
}

TEST(Binary, is_smaller_than_four_megabytes) {
#ifdef CNI_SHIM_STRIPPED
  EXPECT_LT(std::filesystem::file_size(CNI_SHIM_BINARY), 4'000'000U);
#else
  GTEST_SKIP() << "this build type keeps the symbols; the release build is the one measured";
#endif
}

}  // namespace
}  // namespace overlay::cni
