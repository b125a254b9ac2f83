// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/founding.h"

#include "overlay/kube/node_watch.h"
#include "overlay/kube/peers.h"
#include "overlay/kube/service_range.h"

namespace overlay::kube {
namespace {

using namespace std::chrono_literals;

/// In a cluster, secret and peers are looked at again this often.
constexpr Duration founding_pause = 5min;
/// Where others have been ready before but no object names their cluster, it was deleted; whoever of them
/// starts makes it again. This is how long that is waited for.
constexpr Duration patience_with_others = 30s;
constexpr Duration look_again = 1s;
/// Enough Nodes to choose peers from.
constexpr std::size_t max_nodes = 256;

}  // namespace

Awaitable<Result<Duration>> Founding::pass() {
  if (host_.wants_secret()) {
    const Status shared = co_await share_secret();
    if (!shared) co_return shared.error();
  }
  const Status found = co_await find_peers();
  if (!found) co_return found.error();
  co_return co_await share_genesis();
}

// ---- the secret ----

Awaitable<Status> Founding::share_secret() {
  const Request get = get_secret(space_);
  Result<Answer> answer = co_await client_.call(get);
  if (answer && answer->status == not_found) {
    const Status made = co_await offer_secret();
    if (!made) co_return made.error();
    answer = co_await client_.call(get);
  }
  if (!answer) co_return answer.error();
  if (!answer->ok()) co_return explain(get, *answer);
  co_return use_secret(*answer);
}

Awaitable<Status> Founding::offer_secret() {
  const auto offer = host_.offer_secret();
  if (!offer) co_return offer.error();
  const Request make = make_secret(space_, *offer);
  const Result<Answer> made = co_await client_.call(make);
  if (!made) co_return made.error();
  if (!made->ok() && made->status != conflict) co_return explain(make, *made);
  co_return Status();
}

Status Founding::use_secret(const Answer& answer) {
  const std::string object = "the Secret " + space_ + "/" + std::string(secret_name);
  const auto values = parse_secret(answer.body);
  if (!values) return with_context(object, values.error());
  const auto text = values->find(std::string(secret_key));
  if (text == values->end()) {
    return fail(Errc::invalid,
                object + " has no key '" + std::string(secret_key) + "'; delete it, and a new one is made");
  }
  const auto end = text->second.find_last_not_of(" \t\r\n");
  const Status used = host_.use_secret(text->second.substr(0, end == std::string::npos ? 0 : end + 1));
  return used ? Status() : with_context(object, used.error());
}

// ---- peers ----

Awaitable<Status> Founding::find_peers() {
  NodeWatch pages;
  nodes_.clear();
  while (pages.wants_list() && pages.seen().size() < max_nodes) {
    const Request request = pages.list();
    const Result<Answer> answer = co_await client_.call(request);
    if (!answer) co_return answer.error();
    const Status listed = pages.listed(*answer);
    if (!listed) co_return listed.error();
  }
  nodes_ = pages.seen();
  host_.call(choose_peers(nodes_, node_));
  co_return Status();
}

// ---- genesis ----

Awaitable<Result<Duration>> Founding::share_genesis() {
  const Request get = get_genesis(space_);
  const Result<Answer> answer = co_await client_.call(get);
  if (!answer) co_return answer.error();
  if (answer->ok()) {
    const Status agreed = agree(*answer);
    if (!agreed) co_return agreed.error();
    co_return founding_pause;
  }
  if (answer->status != not_found) co_return explain(get, *answer);
  if (!host_.genesis() && others_are_up(nodes_, node_)) {
    if (!waiting_since_) waiting_since_ = host_.now();
    if (host_.now() - *waiting_since_ < patience_with_others) co_return look_again;
  }
  co_return co_await found();
}

Status Founding::agree(const Answer& answer) {
  const std::string object = "the ConfigMap " + space_ + "/" + std::string(genesis_name);
  const auto named = parse_genesis(answer.body);
  if (!named) return with_context(object, named.error());
  const Status adopted = host_.adopt_genesis(named->record);
  if (adopted) return {};
  return fail(adopted.error().code,
              object + " names cluster " + named->cluster.substr(0, 8) + ": " + adopted.error().text +
                  "; delete the ConfigMap if it is the one that is wrong, else this node's /var/lib/overlay");
}

/// Writes what is this node's already, or proposes; the object decides.
Awaitable<Result<Duration>> Founding::found() {
  std::optional<GenesisObject> genesis = host_.genesis();
  const bool is_new = !genesis;
  if (is_new) {
    const Status fits = co_await check_pools();
    if (!fits) {
      event_ = EventText{"OverlayPoolRefused", fits.error().text, true};
      co_return fits.error();
    }
    auto proposed = host_.propose_genesis();
    if (!proposed) co_return proposed.error();
    genesis = *std::move(proposed);
  }
  const Request make = make_genesis(space_, *genesis);
  const Result<Answer> made = co_await client_.call(make);
  if (!made) co_return made.error();
  if (made->status == conflict) co_return look_again;
  if (!made->ok()) co_return explain(make, *made);
  const Status adopted = host_.adopt_genesis(genesis->record);
  if (!adopted) co_return adopted.error();
  if (is_new) {
    event_ =
        EventText{"OverlayFounded", "founded cluster " + genesis->cluster + " with pool " + genesis->pools};
  }
  co_return founding_pause;
}

Awaitable<Status> Founding::check_pools() {
  const std::vector<Prefix> services = co_await service_ranges();
  std::vector<Ip> addresses;
  for (const auto& [name, node] : nodes_) {
    addresses.insert(addresses.end(), node.addresses.begin(), node.addresses.end());
  }
  co_return kube::check_pools(host_.pools(), services, addresses);
}

Awaitable<std::vector<Prefix>> Founding::service_ranges() {
  std::vector<Prefix> out;
  const Request list = list_service_ranges();
  const Result<Answer> listed = co_await client_.call(list);
  if (listed && listed->ok()) {
    const auto ranges = parse_service_ranges(listed->body);
    if (ranges) out = *ranges;
  }
  if (!out.empty()) co_return out;
  for (const Family family : {Family::v4, Family::v6}) {
    const Request probe = probe_service_range(space_, impossible_address(family));
    const Result<Answer> refused = co_await client_.call(probe);
    const auto range = refused ? range_in_refusal(refused->body) : std::nullopt;
    if (range) out.push_back(*range);
  }
  if (!out.empty()) co_return out;
  const auto server = Ip::parse(client_.server().host);
  if (server) out.push_back(Prefix::host(*server));
  co_return out;
}

}  // namespace overlay::kube
