// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/offload.h"

#include <gtest/gtest.h>

#include "overlay/kernel/kernel.h"
#include "overlay/kernel/test_namespace.h"
#include "overlay/plan/test_intents.h"

namespace overlay::kernel {
namespace {

TEST(Offload, IsOffWhereThatIsWantedAndForADeviceMadeAnewToo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make network namespaces";
  NetworkNamespace().run([] {
    Kernel kernel = std::move(*Kernel::open());
    plan::Intent intent = plan::example_intent();
    const auto offloads = [&kernel](const plan::Intent& wanted) {
      EXPECT_TRUE(kernel.reconcile(wanted));
      return checksum_offload("overlay.vx").value();
    };
    EXPECT_TRUE(offloads(intent));
    intent.checksum_offload = false;
    EXPECT_FALSE(offloads(intent));
    remove_device("overlay.vx");
    EXPECT_FALSE(offloads(intent));
    intent.checksum_offload = true;
    EXPECT_TRUE(offloads(intent));
  });
}

TEST(Offload, CannotBeToldOfADeviceThatIsNotThere) {
  EXPECT_FALSE(checksum_offload("nowhere0"));
  EXPECT_FALSE(set_checksum_offload("nowhere0", false));
}

}  // namespace
}  // namespace overlay::kernel
