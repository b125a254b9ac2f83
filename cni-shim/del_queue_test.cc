// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/del_queue.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace overlay::cni {
namespace {

namespace fs = std::filesystem;

class DelQueueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "cni-queue-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr) << pattern;
    directory_ = pattern;
    queue_ = std::make_unique<DelQueue>((directory_ / "run" / "overlayd.sock").string());
  }
  void TearDown() override { fs::remove_all(directory_); }

  static Attachment numbered(std::size_t n) { return {"overlay", "c" + std::to_string(n), "eth0"}; }
  std::size_t files() const {
    const fs::path queue = directory_ / "run" / "del-queue";
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(queue), fs::directory_iterator()));
  }

  fs::path directory_;
  std::unique_ptr<DelQueue> queue_;
};

TEST_F(DelQueueTest, keeps_one_whole_file_for_each_attachment) {
  for (int round = 0; round < 2; ++round) {
    for (std::size_t n = 0; n < 3; ++n) ASSERT_TRUE(queue_->add(numbered(n)));
  }
  EXPECT_EQ(files(), 3U);
  std::ifstream in(directory_ / "run" / "del-queue" / (digest(numbered(1)) + ".json"));
  std::string line;
  ASSERT_TRUE(std::getline(in, line));
  EXPECT_EQ(line, to_json(numbered(1)));
}

TEST_F(DelQueueTest, forgets_one) {
  ASSERT_TRUE(queue_->add(numbered(0)));
  ASSERT_TRUE(queue_->add(numbered(1)));
  queue_->remove(numbered(0));
  queue_->remove(numbered(7));
  EXPECT_EQ(files(), 1U);
}

TEST_F(DelQueueTest, is_bounded_and_says_so) {
  for (std::size_t n = 0; n < DelQueue::files_max; ++n) ASSERT_TRUE(queue_->add(numbered(n)));
  const Status full = queue_->add(numbered(DelQueue::files_max));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::exhausted);
  EXPECT_NE(full.error().text.find("1024 deletions wait"), std::string::npos) << full.error().text;
  EXPECT_TRUE(queue_->add(numbered(5))) << "what is noted already needs no room";
}

TEST_F(DelQueueTest, says_where_it_cannot_write) {
  std::ofstream(directory_ / "run") << "a file where a directory should be";
  const Status status = queue_->add(numbered(0));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::io);
  EXPECT_NE(status.error().text.find("del-queue"), std::string::npos) << status.error().text;
}

}  // namespace
}  // namespace overlay::cni
