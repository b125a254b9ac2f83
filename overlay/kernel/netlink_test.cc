// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/netlink.h"

#include <gmock/gmock.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <cerrno>

namespace overlay::kernel {
namespace {

using testing::HasSubstr;

TEST(KernelError, NamesTheErrnoAndKeepsItsKind) {
  const struct {
    int error;
    const char* detail;
    Errc code;
    const char* text;
  } cases[] = {
      {EEXIST, "", Errc::exists, "file exists (EEXIST)"},
      {ENOENT, "", Errc::not_found, "no such file or directory (ENOENT)"},
      {ESRCH, "", Errc::not_found, "no such process (ESRCH)"},
      {ENODEV, "", Errc::not_found, "no such device (ENODEV)"},
      {EPERM, "", Errc::refused, "operation not permitted (EPERM)"},
      {EBUSY, "", Errc::unavailable, "device or resource busy (EBUSY)"},
      {ENETDOWN, "", Errc::unavailable, "network is down (ENETDOWN)"},
      {EOPNOTSUPP, "Unknown device type", Errc::unsupported, "unknown device type (EOPNOTSUPP)"},
      {EINVAL, "Nexthop id does not exist.", Errc::io, "nexthop id does not exist (EINVAL)"},
      {EEXIST, "A VXLAN device with the specified VNI already exists", Errc::exists,
       "a VXLAN device with the specified VNI already exists (EEXIST)"},
      {EINVAL, "VXLAN device needed", Errc::io, "VXLAN device needed (EINVAL)"},
      {9999, "", Errc::io, "unknown error (9999)"},
  };
  for (const auto& [error, detail, code, text] : cases)
    EXPECT_EQ(kernel_error(error, detail), (Error{code, text}));
}

TEST(Message, ReadsBackWhatWasPut) {
  ifinfomsg header{};
  header.ifi_index = 7;
  Message message(RTM_NEWLINK, 0, header);
  message.u8(1, 8).u16(2, 16).u32(3, 32).be16(4, 4789).string(5, "overlay0").flag(6);
  message.ip(7, Ip::v4(0x0a200000))
      .ip(8, Ip::parse("fd00::1").value())
      .mac(9, parse_mac("02:00:00:00:00:07").value());
  message.begin(10).begin(11).u32(12, 12).end().end();
  ASSERT_TRUE(message.complete());

  const Reply reply(RTM_NEWLINK, message.view().substr(NLMSG_HDRLEN));
  EXPECT_EQ(reply.header<ifinfomsg>()->ifi_index, 7);
  const Attributes attributes = reply.attributes<ifinfomsg>();
  EXPECT_EQ(attributes.u8(1), 8);
  EXPECT_EQ(attributes.u16(2), 16);
  EXPECT_EQ(attributes.u32(3), 32u);
  EXPECT_EQ(attributes.be16(4), 4789);
  EXPECT_EQ(attributes.string(5), "overlay0");
  EXPECT_TRUE(attributes.find(6));
  EXPECT_EQ(attributes.ip(7)->text(), "10.32.0.0");
  EXPECT_EQ(attributes.ip(8)->text(), "fd00::1");
  EXPECT_EQ(text(*attributes.mac(9)), "02:00:00:00:00:07");
  EXPECT_EQ(attributes.nested(10).nested(11).u32(12), 12u);
}

TEST(Message, RemembersWhatDidNotFit) {
  Message message(RTM_NEWLINK, 0, ifinfomsg{});
  message.string(IFLA_IFALIAS, std::string(4000, 'x'));
  EXPECT_FALSE(message.complete());
  Message open_nest(RTM_NEWLINK, 0, ifinfomsg{});
  open_nest.begin(IFLA_LINKINFO).u8(1, 1);
  EXPECT_FALSE(open_nest.complete());
}

TEST(Attributes, ReadAsAbsentWhatHasAnotherLength) {
  Message message(RTM_NEWLINK, 0, ifinfomsg{});
  message.u32(1, 1).bytes(2, "abc");
  const Reply reply(RTM_NEWLINK, message.view().substr(NLMSG_HDRLEN));
  const Attributes attributes = reply.attributes<ifinfomsg>();
  EXPECT_FALSE(attributes.u8(1));
  EXPECT_FALSE(attributes.u16(1));
  EXPECT_FALSE(attributes.mac(1));
  EXPECT_FALSE(attributes.ip(2));
  EXPECT_FALSE(attributes.u32(2));
  EXPECT_FALSE(attributes.find(3));
  EXPECT_FALSE(attributes.nested(3).find(1));
}

TEST(Attributes, SurviveBeingCutAnywhere) {
  Message message(RTM_NEWLINK, 0, ifinfomsg{});
  message.u32(1, 1).begin(2).string(3, "name").end().u32(4, 4);
  const std::string whole(message.view().substr(NLMSG_HDRLEN));
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Reply reply(RTM_NEWLINK, std::string_view(whole).substr(0, size));
    EXPECT_EQ(reply.header<ifinfomsg>().has_value(), size >= sizeof(ifinfomsg));
    const Attributes attributes = reply.attributes<ifinfomsg>();
    attributes.nested(2).string(3);
    EXPECT_EQ(attributes.u32(4).has_value(), size == whole.size());
  }
}

TEST(Socket, DumpsTheLoopbackDeviceAndGetsItByName) {
  auto socket = Socket::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket) << socket.error().text;
  const auto links = socket->dump(Message(RTM_GETLINK, 0, ifinfomsg{}));
  ASSERT_TRUE(links) << links.error().text;
  EXPECT_FALSE(links->empty());

  Message by_name(RTM_GETLINK, 0, ifinfomsg{});
  by_name.string(IFLA_IFNAME, "lo");
  const auto lo = socket->get(by_name);
  ASSERT_TRUE(lo) << lo.error().text;
  EXPECT_EQ(lo->attributes<ifinfomsg>().string(IFLA_IFNAME), "lo");
}

TEST(Socket, TellsWhyARequestFailedAndGoesOn) {
  auto socket = Socket::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  Message absent(RTM_GETLINK, 0, ifinfomsg{});
  absent.string(IFLA_IFNAME, "no-such-device");
  EXPECT_EQ(socket->request(absent).error().code, Errc::not_found);
  Message huge(RTM_GETLINK, 0, ifinfomsg{});
  huge.string(IFLA_IFNAME, std::string(4000, 'x'));
  EXPECT_THAT(socket->request(huge).error().text, HasSubstr("too long"));
  EXPECT_TRUE(socket->dump(Message(RTM_GETLINK, 0, ifinfomsg{})));
}

TEST(Socket, AnswersEachMessageOfALongBatchInOrder) {
  auto socket = Socket::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  std::vector<Message> messages;
  for (int i = 0; i < 1000; ++i) {
    messages.emplace_back(RTM_GETLINK, 0, ifinfomsg{});
    messages.back().string(IFLA_IFNAME, i % 3 == 0 ? "lo" : "no-such-device");
  }
  const std::vector<Status> statuses = socket->batch(messages);
  ASSERT_EQ(statuses.size(), messages.size());
  for (std::size_t i = 0; i < statuses.size(); ++i) EXPECT_EQ(statuses[i].has_value(), i % 3 == 0) << i;
}

}  // namespace
}  // namespace overlay::kernel
