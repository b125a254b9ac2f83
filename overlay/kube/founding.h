// SPDX-License-Identifier: Apache-2.0
// How nodes that know nothing of each other come to one secret and one cluster: both are objects that are
// created if absent, and whoever loses takes the winner's.
#pragma once

#include <optional>

#include "overlay/kube/client.h"
#include "overlay/kube/host.h"
#include "overlay/kube/requests.h"

namespace overlay::kube {

class Founding {
 public:
  Founding(Client& client, std::string space, std::string node, Host& host)
      : client_(client), space_(std::move(space)), node_(std::move(node)), host_(host) {}

  /// Secret, peers and genesis, once over; when to come again. Until this node is in the cluster that the API
  /// server names an error says why not.
  Awaitable<Result<Duration>> pass();
  /// What there is to tell people since the last call.
  std::optional<EventText> take_event() { return std::exchange(event_, std::nullopt); }

 private:
  Awaitable<Status> share_secret();
  Awaitable<Status> offer_secret();
  Status use_secret(const Answer& answer);
  Awaitable<Status> find_peers();
  Awaitable<Result<Duration>> share_genesis();
  Status agree(const Answer& answer);
  Awaitable<Result<Duration>> found();
  Awaitable<Status> check_pools();
  Awaitable<std::vector<Prefix>> service_ranges();

  Client& client_;
  std::string space_;
  std::string node_;
  Host& host_;
  std::map<std::string, Node> nodes_;
  std::optional<Time> waiting_since_;  // for those who have a cluster to name it
  std::optional<EventText> event_;
};

}  // namespace overlay::kube
