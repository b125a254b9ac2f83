// SPDX-License-Identifier: Apache-2.0
// The floor of bench/cni: what the kernel's part of an ADD and a DEL costs by itself. It sends the requests
// that cni-shim sends, to the same effect, and does nothing else: no daemon, no lease, no configuration, no
// checks.
//
//   CNI_COMMAND=ADD|DEL CNI_NETNS=PATH CNI_CONTAINERID=N cni_floor     the bridge is `overlay0`, the
//   address 10.32.0.N
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

constexpr std::uint8_t pod_mac[6] = {2, 0, 0, 0, 1, 9};
constexpr std::uint8_t gateway_mac[6] = {2, 0, 0, 0, 1, 1};
constexpr std::uint32_t gateway = 0xa9fe0101;  // 169.254.1.1
constexpr int loopback_index = 1;

[[noreturn]] void die(const char* what, int error) {
  std::fprintf(stderr, "cni_floor: %s: %s\n", what, std::strerror(error));
  std::exit(1);
}

/// One netlink request: a header, a family's header, attributes.
class Request {
 public:
  template <class Header>
  Request(std::uint16_t type, int flags, const Header& header) {
    head().nlmsg_len = NLMSG_HDRLEN;
    head().nlmsg_type = type;
    head().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    put(&header, sizeof header);
  }
  Request& attribute(int type, const void* data, std::size_t size) {
    const rtattr header{static_cast<unsigned short>(RTA_LENGTH(size)), static_cast<unsigned short>(type)};
    put(&header, sizeof header);
    put(data, size);
    return *this;
  }
  Request& text(int type, const char* value) { return attribute(type, value, std::strlen(value) + 1); }
  template <class Value>
  Request& value(int type, const Value& value) {
    return attribute(type, &value, sizeof value);
  }
  /// Opens a nest; returns where it began, for end().
  std::size_t begin(int type) {
    const std::size_t at = head().nlmsg_len;
    attribute(type, nullptr, 0);
    return at;
  }
  void end(std::size_t at) {
    reinterpret_cast<rtattr*>(bytes_ + at)->rta_len = static_cast<unsigned short>(head().nlmsg_len - at);
  }
  template <class Header>
  void raw(const Header& header) {
    put(&header, sizeof header);
  }
  /// Sends it and waits for the acknowledgement.
  void run(int socket, const char* what) {
    if (::send(socket, bytes_, head().nlmsg_len, 0) < 0) die(what, errno);
    alignas(nlmsghdr) char answer[1024];
    if (::recv(socket, answer, sizeof answer, 0) < 0) die(what, errno);
    nlmsgerr error;
    std::memcpy(&error, NLMSG_DATA(reinterpret_cast<nlmsghdr*>(answer)), sizeof error);
    if (error.error != 0) die(what, -error.error);
  }

 private:
  nlmsghdr& head() { return *reinterpret_cast<nlmsghdr*>(bytes_); }
  void put(const void* data, std::size_t size) {
    if (size != 0) std::memcpy(bytes_ + head().nlmsg_len, data, size);
    head().nlmsg_len = NLMSG_ALIGN(head().nlmsg_len + static_cast<std::uint32_t>(size));
  }

  alignas(nlmsghdr) char bytes_[512] = {};
};

int netlink() {
  const int out = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (out < 0) die("socket", errno);
  return out;
}

ifinfomsg up(int index) {
  ifinfomsg out{};
  out.ifi_index = index;
  out.ifi_flags = IFF_UP;
  out.ifi_change = IFF_UP;
  return out;
}

void make_port(int host, int netns, const char* name) {
  Request pair(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, up(0));
  pair.text(IFLA_IFNAME, name).value(IFLA_MTU, std::uint32_t{1450});
  pair.value(IFLA_MASTER, static_cast<std::uint32_t>(::if_nametoindex("overlay0")));
  const std::size_t info = pair.begin(IFLA_LINKINFO);
  pair.text(IFLA_INFO_KIND, "veth");
  const std::size_t data = pair.begin(IFLA_INFO_DATA);
  const std::size_t peer = pair.begin(VETH_INFO_PEER);
  pair.raw(ifinfomsg{});
  pair.text(IFLA_IFNAME, "eth0").value(IFLA_ADDRESS, pod_mac).value(IFLA_MTU, std::uint32_t{1450});
  pair.value(IFLA_NET_NS_FD, netns);
  for (const std::size_t nest : {peer, data, info}) pair.end(nest);
  pair.run(host, "make the pair");

  Request isolate(RTM_NEWLINK, 0, ifinfomsg{});
  isolate.text(IFLA_IFNAME, name);
  const std::size_t port = isolate.begin(IFLA_LINKINFO);
  isolate.text(IFLA_INFO_SLAVE_KIND, "bridge");
  const std::size_t flags = isolate.begin(IFLA_INFO_SLAVE_DATA);
  isolate.value(IFLA_BRPORT_ISOLATED, std::uint8_t{1}).value(IFLA_BRPORT_LEARNING, std::uint8_t{0});
  isolate.value(IFLA_BRPORT_UNICAST_FLOOD, std::uint8_t{0});
  for (const std::size_t nest : {flags, port}) isolate.end(nest);
  isolate.run(host, "isolate the port");

  ndmsg entry{};
  entry.ndm_family = AF_BRIDGE;
  entry.ndm_ifindex = static_cast<int>(::if_nametoindex(name));
  entry.ndm_state = NUD_NOARP;
  entry.ndm_flags = NTF_MASTER;
  Request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, entry)
      .value(NDA_LLADDR, pod_mac)
      .run(host, "give the bridge the pod's MAC");
}

void configure_pod(int pod, std::uint8_t last_byte) {
  constexpr int create = NLM_F_CREATE | NLM_F_EXCL;
  const auto index = ::if_nametoindex("eth0");
  Request(RTM_NEWLINK, 0, up(loopback_index)).run(pod, "set lo up");
  Request(RTM_NEWLINK, 0, up(static_cast<int>(index))).run(pod, "set eth0 up");
  const std::uint32_t address = htonl(0x0a200000 | last_byte);
  Request(RTM_NEWADDR, create, ifaddrmsg{AF_INET, 32, 0, RT_SCOPE_UNIVERSE, index})
      .value(IFA_LOCAL, address)
      .value(IFA_ADDRESS, address)
      .run(pod, "add the address");
  ndmsg neighbour{};
  neighbour.ndm_family = AF_INET;
  neighbour.ndm_ifindex = static_cast<int>(index);
  neighbour.ndm_state = NUD_PERMANENT;
  Request(RTM_NEWNEIGH, create, neighbour)
      .value(NDA_DST, htonl(gateway))
      .value(NDA_LLADDR, gateway_mac)
      .run(pod, "add the neighbour");
  rtmsg route{};
  route.rtm_family = AF_INET;
  route.rtm_table = RT_TABLE_MAIN;
  route.rtm_protocol = RTPROT_BOOT;
  route.rtm_type = RTN_UNICAST;
  route.rtm_flags = RTNH_F_ONLINK;
  Request(RTM_NEWROUTE, create, route)
      .value(RTA_GATEWAY, htonl(gateway))
      .value(RTA_OIF, index)
      .run(pod, "add the route");
}

}  // namespace

int main() {
  const char* id = std::getenv("CNI_CONTAINERID");
  char name[IFNAMSIZ];
  std::snprintf(name, sizeof name, "floor%s", id);
  const int host = netlink();
  if (std::strcmp(std::getenv("CNI_COMMAND"), "DEL") == 0) {
    Request(RTM_DELLINK, 0, ifinfomsg{}).text(IFLA_IFNAME, name).run(host, "remove the pair");
    return 0;
  }
  const int netns = ::open(std::getenv("CNI_NETNS"), O_RDONLY | O_CLOEXEC);
  make_port(host, netns, name);
  if (::setns(netns, CLONE_NEWNET) < 0) die("enter the namespace", errno);
  configure_pod(netlink(), static_cast<std::uint8_t>(std::atoi(id)));
  return 0;
}
