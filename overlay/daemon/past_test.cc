// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/past.h"

#include <gtest/gtest.h>

#include <array>

#include "overlay/store/store.h"
#include "overlay/store/test_dir.h"
#include "overlay/wire/log_entry.h"

namespace overlay::daemon {
namespace {

/// A log with these entries, as an earlier life leaves it.
void leave(const store::TestDir& dir, const std::vector<wire::LogEntry>& entries) {
  const auto directory = store::StateDir::open(dir.path());
  store::Recovered recovered;
  auto store = store::Store::open(directory.value(), recovered);
  std::vector<Bytes> encoded;
  for (const auto& entry : entries) encoded.push_back(wire::encode_entry(entry));
  ASSERT_TRUE(store->append(encoded));
  store->sync();
}

TEST(PastTest, AHostWithoutALogWasInNoCluster) {
  const store::TestDir dir;
  EXPECT_FALSE(was_in_cluster(dir.path()));
}

TEST(PastTest, ALogOfOneThatOnlyWaitedToBeToldHoldsNoCluster) {
  const store::TestDir dir;
  leave(dir, {wire::IncarnationEntry{1}, wire::IncarnationEntry{2}});
  EXPECT_FALSE(was_in_cluster(dir.path()));
}

TEST(PastTest, ARecordIsOfACluster) {
  const store::TestDir dir;
  leave(dir, {wire::IncarnationEntry{1}, wire::RecordEntry{"genesis"}});
  EXPECT_TRUE(was_in_cluster(dir.path()));
}

TEST(PastTest, ALogThatCannotBeReadMayHoldOne) {
  const store::TestDir dir;
  std::filesystem::create_directories(dir.path());
  store::spill(dir / "state.log", "what is this");
  EXPECT_TRUE(was_in_cluster(dir.path()));
}

}  // namespace
}  // namespace overlay::daemon
