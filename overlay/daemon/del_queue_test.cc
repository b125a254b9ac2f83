// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/del_queue.h"

#include <gmock/gmock.h>

#include "overlay/control/test_server.h"
#include "overlay/store/test_dir.h"

namespace overlay::daemon {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* one = R"({"network":"overlay","container":"c1","interface":"eth0"})";
constexpr const char* other = R"({"network":"overlay","container":"c2","interface":"eth0"})";

class DelQueueTest : public testing::Test {
 protected:
  void drain(const std::filesystem::path& directory) {
    drain_del_queue(directory, [this](const ipam::LeaseKey& key, control::LeaseReply reply) {
      backend.lease_del(key, std::move(reply));
    });
  }
  bool holds(const char* name) const { return std::filesystem::exists(dir / name); }

  store::TestDir dir;
  control::test::FakeBackend backend;
};

TEST_F(DelQueueTest, ReleasesWhatWasDeletedAndForgetsIt) {
  store::spill(dir / "1.json", one);
  store::spill(dir / "2.json", other);
  drain(dir.path());
  EXPECT_THAT(backend.calls, UnorderedElementsAre("del overlay c1 eth0", "del overlay c2 eth0"));
  EXPECT_FALSE(holds("1.json"));
  EXPECT_FALSE(holds("2.json"));
}

TEST_F(DelQueueTest, KeepsWhatCouldNotBeReleased) {
  store::spill(dir / "1.json", one);
  backend.failure = fail(Errc::exhausted, "no space left on device");
  drain(dir.path());
  EXPECT_TRUE(holds("1.json"));
}

TEST_F(DelQueueTest, PutsAsideWhatIsNoRequest) {
  store::spill(dir / "bad.json", "{");
  store::spill(dir / "nameless.json", R"({"network":"overlay"})");
  store::spill(dir / ".half.json", one);
  store::spill(dir / "note.txt", one);
  drain(dir.path());
  EXPECT_THAT(backend.calls, IsEmpty());
  EXPECT_TRUE(holds("bad.json.unreadable"));
  EXPECT_TRUE(holds("nameless.json.unreadable"));
  EXPECT_TRUE(holds("note.txt"));
}

TEST_F(DelQueueTest, NeedsNoDirectory) {
  drain(dir / "none");
  EXPECT_THAT(backend.calls, IsEmpty());
}

}  // namespace
}  // namespace overlay::daemon
