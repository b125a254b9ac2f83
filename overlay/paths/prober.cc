// SPDX-License-Identifier: Apache-2.0
#include "overlay/paths/prober.h"

#include <algorithm>

namespace overlay::paths {
namespace {

constexpr Duration shortest_interval = std::chrono::milliseconds(500);
/// What is in doubt is asked again after this.
constexpr Duration doubt_interval = std::chrono::milliseconds(200);
/// A way that is down is asked less eagerly, and one that is not in use so many times more rarely.
constexpr Duration down_interval = std::chrono::seconds(1);
constexpr int idle_factor = 8;
/// How long traffic goes by a relay that does not answer, and then straight, in turn.
constexpr Duration relay_turn = std::chrono::seconds(4);
constexpr Duration straight_turn = std::chrono::seconds(2);
/// Work is done in batches: no tick sooner after another, for to wake up costs more than a probe.
constexpr Duration batch = std::chrono::milliseconds(50);
/// An inquiry is answered by then, with what is known.
constexpr Duration inquiry_time = std::chrono::milliseconds(500);
/// A probe that was answered and sent no longer ago says that a peer is reached.
constexpr Duration fresh = std::chrono::milliseconds(100);
constexpr std::size_t inquiries_max = 64;
constexpr std::size_t nearest = 2;
constexpr int index_bits = 16;
/// A peer counts as busy for so long after pods were last seen to send to it.
constexpr Duration busy_time = std::chrono::seconds(5);

Duration budgeted(std::size_t peers, int per_second) {
  const Duration fair = Duration(std::chrono::seconds(1)) * peers / per_second;
  return std::max(shortest_interval, fair);
}

}  // namespace

const char* name(Kind kind) {
  constexpr const char* names[] = {"vxlan", "direct", "relay", "wireguard"};
  return names[static_cast<std::size_t>(kind)];
}

Duration Prober::interval(std::size_t peers) { return budgeted(peers, probes_per_second); }

Duration Prober::interval_of(const Path& path, Time now) const {
  const Duration usual = interval(paths_.size());
  return path.busy_until > now ? std::min(usual, budgeted(busy_, busy_per_second)) : usual;
}

void Prober::carries(const std::vector<NodeId>& peers, Time now) {
  for (const NodeId& peer : peers) {
    if (Path* path = find(peer)) path->busy_until = now + busy_time;
  }
  busy_ = static_cast<std::size_t>(
      std::ranges::count_if(paths_, [now](const auto& entry) { return entry.second.busy_until > now; }));
  for (const NodeId& peer : peers) {
    Path* path = find(peer);
    if (path == nullptr) continue;
    Lane& used = lane(*path, path->choice.kind);
    used.due = std::min(used.due, now + rng_.between(Duration(), interval_of(*path, now)));
    schedule(*path);
  }
}

// ---- whom there is to probe ----

void Prober::put(const Target& target, Time now) {
  Path* known = find(target.id);
  if (known != nullptr && known->target == target) return;
  if (known != nullptr && known->target.index != target.index) {
    remove(target.id);
    known = nullptr;
  }
  const Time due = now + rng_.between(Duration(), interval(paths_.size()));
  if (known == nullptr) {
    known =
        &paths_.emplace(target.id, Path{target, Lane(mtu_, due), {}, {}, {}, {}, {}, {}, {}}).first->second;
    by_index_[target.index] = known;
    unapplied_.insert(target.id);
  }
  known->target = target;
  if (target.neighbour != known->direct.has_value()) {
    target.neighbour ? void(known->direct.emplace(mtu_, due)) : known->direct.reset();
  }
  settle(*known, now);
}

void Prober::remove(const NodeId& peer) {
  Path* path = find(peer);
  if (path == nullptr) return;
  schedule_.erase({path->scheduled, peer});
  by_index_.erase(path->target.index);
  relays_.forget(peer);
  unapplied_.erase(peer);
  paths_.erase(peer);
}

void Prober::set_mtu(std::size_t mtu) {
  if (mtu == mtu_) return;
  mtu_ = mtu;
  for (auto& [peer, path] : paths_) {
    path.tunnel.health.set_full(mtu);
    if (path.direct) path.direct->health.set_full(mtu);
    if (path.detour) path.detour->lane.health.set_full(mtu);
    path.inherited.mtu = 0;
  }
}

void Prober::inherit(const NodeId& peer, const Choice& choice, Time now) {
  Path* path = find(peer);
  if (path == nullptr) return;
  path->inherited = choice;
  if (choice.kind == Kind::relay && choice.relay != peer) {
    path->detour.emplace(Detour{choice.relay, Lane(mtu_, now)});
  }
  settle(*path, now);
}

// ---- probes ----

void Prober::tick(Time now) {
  ticked_ = now;
  while (!schedule_.empty() && schedule_.begin()->first.first <= now) work(*schedule_.begin()->second, now);
  close_inquiries(now);
  if (relays_.next_deadline() <= now) ask(now);
}

Time Prober::next_deadline() const {
  Time due = relays_.next_deadline();
  if (!schedule_.empty()) due = std::min(due, schedule_.begin()->first.first);
  for (const Inquiry& inquiry : inquiries_) due = std::min(due, inquiry.began + inquiry_time);
  return due == Time::max() ? due : std::max(due, ticked_ + batch);
}

void Prober::work(Path& path, Time now) {
  work(path, path.tunnel, path.target.tunnel, now);
  if (path.direct) work(path, *path.direct, Kind::direct, now);
  if (path.detour) work(path, path.detour->lane, Kind::relay, now);
  if (doubts_direct(path)) hurry(path.tunnel, now);
  settle(path, now);
}

void Prober::work(Path& path, Lane& lane, Kind way, Time now) {
  const std::size_t lost = lane.health.expire(now);
  for (std::size_t i = 0; i < lost; ++i) count(path, lane, way);
  figures_.lost += lost;
  const bool suspect = lost > 0 && lane.health.state() != State::down && lane.health.is_in_doubt();
  if (suspect) hurry(lane, now);
  if (lane.due <= now) probe(path, lane, way, now);
}

void Prober::hurry(Lane& lane, Time now) {
  if (lane.due > now + doubt_interval && may_do_extra(now)) lane.due = now;
}

/// Then the tunnel comes next: whether it works should be known by then.
bool Prober::doubts_direct(const Path& path) {
  return path.choice.kind == Kind::direct && path.direct && path.direct->health.misses() > 0;
}

void Prober::probe(Path& path, Lane& lane, Kind way, Time now) {
  const std::size_t size = lane.health.next_size();
  const std::uint64_t nonce = rng_.next() << index_bits | path.target.index;
  lane.health.sent(nonce, size, now);
  const NodeId relay = way == Kind::relay ? path.detour->relay : NodeId();
  probes_.push_back({path.target.id, way, relay, nonce, size});
  ++figures_.probes;
  lane.due = now + pause(path, lane, way, now);
}

/// With a tenth of jitter, so that the hosts of a cluster do not keep step.
Duration Prober::pause(const Path& path, const Lane& lane, Kind way, Time now) {
  const bool in_use = path.choice.kind == way;
  Duration out = interval_of(path, now);
  if (!in_use) out *= idle_factor;
  const bool next = way == path.target.tunnel && doubts_direct(path);
  const bool doubtful = lane.health.is_in_doubt() || next;
  const bool missed = lane.health.state() == State::down && (in_use || way == path.target.tunnel);
  const Duration eager = doubtful ? doubt_interval : down_interval;
  if ((doubtful || missed) && out > eager && may_do_extra(now)) return eager;
  return rng_.between(out - out / 10, out);
}

/// A bucket that fills with time.
bool Prober::may_do_extra(Time now) {
  const double passed = seconds(now - std::exchange(extra_filled_, now));
  extra_ = std::min<double>(extra_ + passed * extra_per_second, extra_per_second);
  if (extra_ < 1) return false;
  extra_ -= 1;
  return true;
}

void Prober::answered(std::uint64_t nonce, Time now) {
  const auto found = by_index_.find(static_cast<std::uint16_t>(nonce));
  if (found == by_index_.end()) return;
  Path* path = found->second;
  const auto hear = [&](Lane& lane, Kind way) {
    const auto took = lane.health.answered(nonce, now);
    if (took && path->choice.kind == way) figures_.rtt.add(seconds(*took));
    if (took) count(*path, lane, way);
    return took.has_value();
  };
  const bool ours = hear(path->tunnel, path->target.tunnel) ||
                    (path->direct && hear(*path->direct, Kind::direct)) ||
                    (path->detour && hear(path->detour->lane, Kind::relay));
  if (!ours) return;
  settle(*path, now);
  answer_inquiries(path->target.id, now);
}

/// One more probe of the way in use has come to its end.
void Prober::count(const Path& path, const Lane& lane, Kind way) {
  if (path.choice.kind == way) figures_.loss.add(lane.health.loss());
}

// ---- conclusions ----

/// Draws them from what the probes of this path have shown.
void Prober::settle(Path& path, Time now) {
  settle_detour(path, now);
  const Choice choice = choose(path, now);
  const bool moved = choice.kind != path.choice.kind || choice.relay != path.choice.relay;
  Lane& used = lane(path, choice.kind);
  if (moved) used.due = std::min(used.due, now + doubt_interval);
  if (moved) unapplied_.insert(path.target.id);
  const State state = used.health.state();
  if (choice != path.choice || state != path.state) changed_.insert(path.target.id);
  path.choice = choice;
  path.state = state;
  schedule(path);
}

void Prober::settle_detour(Path& path, Time now) {
  const bool direct = path.direct && path.direct->health.state() == State::up;
  const State straight = path.tunnel.health.state();
  const bool stays = straight == State::unknown && path.inherited.kind == Kind::relay;
  if (direct || (straight != State::down && !stays)) {
    path.detour.reset();
    return relays_.forget(path.target.id);
  }
  if (path.detour && find(path.detour->relay) == nullptr) {
    path.detour.reset();
    relays_.forget(path.target.id);
  }
  if (path.detour) return judge_relay(path, now);
  // Through a relay both ends must go, for what comes back: whoever finds out first has the other look now.
  if (relays_.want(path.target.id, now) && may_do_extra(now))
    questions_.push_back({path.target.id, rng_.next(), {self_}});
}

/// One that does not answer may only wait for the other end: it is better than a way that is down.
void Prober::judge_relay(Path& path, Time now) {
  const bool down = path.detour->lane.health.state() == State::down;
  if (down == path.detour->rejected) return;
  path.detour->rejected = down;
  if (!down) return relays_.keep(path.target.id);
  relays_.want(path.target.id, now);
  relays_.reject(path.target.id, path.detour->relay, now);
}

/// A relay is used at once: nothing comes back through it before the other end has found one as well.
Choice Prober::choose(Path& path, Time now) {
  Choice out;
  out.kind = path.target.tunnel;
  if (goes_direct(path)) {
    out.kind = Kind::direct;
  } else if (path.detour && goes_around(*path.detour, now)) {
    out.kind = Kind::relay;
    out.relay = path.detour->relay;
  }
  const Health& health = lane(path, out.kind).health;
  if (health.passes() > small_size) path.inherited.mtu = 0;
  out.mtu = health.is_black_hole() && health.passes() > small_size ? health.passes() : path.inherited.mtu;
  return out;
}

bool Prober::goes_direct(const Path& path) {
  if (!path.direct) return false;
  const State state = path.direct->health.state();
  return state == State::up || (state == State::unknown && path.inherited.kind == Kind::direct);
}

/// Answers to what probes the straight way come by the relay of the other end. Where neither relay works,
/// both would keep theirs when the straight way is back: so each tries at times.
bool Prober::goes_around(const Detour& detour, Time now) {
  const Health& health = detour.lane.health;
  return health.state() != State::down || (now - health.since()) % (relay_turn + straight_turn) < relay_turn;
}

Prober::Lane& Prober::lane(Path& path, Kind way) {
  if (way == Kind::direct && path.direct) return *path.direct;
  if (way == Kind::relay && path.detour) return path.detour->lane;
  return path.tunnel;
}

void Prober::schedule(Path& path) {
  Time next = Time::max();
  const auto look = [&next](const Lane& lane) {
    next = std::min(next, lane.due);
    if (const auto expiry = lane.health.next_expiry()) next = std::min(next, *expiry);
  };
  look(path.tunnel);
  if (path.direct) look(*path.direct);
  if (path.detour) look(path.detour->lane);
  auto entry = schedule_.extract({path.scheduled, path.target.id});
  path.scheduled = next;
  if (entry.empty()) return void(schedule_.emplace(std::pair(next, path.target.id), &path));
  entry.key().first = next;
  schedule_.insert(std::move(entry));
}

// ---- ways around ----

void Prober::ask(Time now) {
  const bool agree = must_agree();
  for (Question& question :
       relays_.ask(agree ? reached() : candidates(), agree ? 1 : Relays::at_once_max, now)) {
    questions_.push_back(std::move(question));
  }
}

/// WireGuard takes a peer's packets from whom it sends the answers to: both ends need one relay. They come to
/// it, mostly, by asking one after the other in the same order.
bool Prober::must_agree() const {
  return !paths_.empty() && paths_.begin()->second.target.tunnel == Kind::wireguard;
}

/// By their ids.
std::vector<NodeId> Prober::reached() const {
  std::vector<NodeId> out;
  for (const auto& [id, path] : paths_) {
    if (path.tunnel.health.state() == State::up) out.push_back(id);
  }
  return out;
}

/// The quickest, then all others that are reached in any order.
std::vector<NodeId> Prober::candidates() {
  std::vector<std::pair<Duration, NodeId>> near;
  for (const auto& [id, path] : paths_) {
    const Health& health = path.tunnel.health;  // what is passed on leaves in the tunnel
    if (health.state() == State::up) near.emplace_back(health.rtt().value_or(Duration::max()), id);
  }
  const auto first = near.begin() + static_cast<std::ptrdiff_t>(std::min(nearest, near.size()));
  std::partial_sort(near.begin(), first, near.end());
  std::vector<NodeId> out;
  std::vector<NodeId> rest;
  for (auto at = near.begin(); at != near.end(); ++at) (at < first ? out : rest).push_back(at->second);
  rng_.shuffle(rest);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

void Prober::told(const NodeId& from, std::uint64_t nonce, const std::vector<NodeId>& reached, Time now) {
  for (const NodeId& peer : relays_.hear(from, nonce, reached, now)) {
    Path* path = find(peer);
    if (path == nullptr) continue;
    path->detour.emplace(Detour{from, Lane(mtu_, now)});
    settle(*path, now);
  }
}

// ---- being asked ----

bool Prober::is_straight(const NodeId& peer) const {
  const auto path = paths_.find(peer);
  return path != paths_.end() && path->second.state == State::up && path->second.choice.kind != Kind::relay &&
         !unapplied_.contains(peer);
}

void Prober::asked(const NodeId& from, std::uint64_t nonce, const std::vector<NodeId>& about, Time now) {
  if (inquiries_.size() == inquiries_max || about.size() > Relays::about_max) return;
  Inquiry inquiry{from, nonce, now, {}, {}};
  for (const NodeId& peer : about) {
    if (look_into(inquiry, peer, now)) inquiry.waiting.push_back(peer);
  }
  if (inquiry.waiting.empty()) return answer(inquiry);
  inquiries_.push_back(std::move(inquiry));
}

/// True: a probe is under way that will tell.
bool Prober::look_into(Inquiry& inquiry, const NodeId& peer, Time now) {
  if (!is_straight(peer)) return false;
  Path& path = paths_.at(peer);
  Lane& used = lane(path, path.choice.kind);
  if (used.health.confirmed() + fresh > now) {
    inquiry.reached.push_back(peer);
    return false;
  }
  if (!may_do_extra(now)) return false;
  probe(path, used, path.choice.kind, now);
  schedule(path);
  return true;
}

void Prober::answer_inquiries(const NodeId& peer, Time now) {
  if (inquiries_.empty() || !is_straight(peer)) return;
  Path& path = paths_.at(peer);
  const Time confirmed = lane(path, path.choice.kind).health.confirmed();
  for (Inquiry& inquiry : inquiries_) {
    if (confirmed >= inquiry.began && std::erase(inquiry.waiting, peer) > 0) inquiry.reached.push_back(peer);
  }
  close_inquiries(now);
}

void Prober::close_inquiries(Time now) {
  std::erase_if(inquiries_, [&](const Inquiry& inquiry) {
    if (!inquiry.waiting.empty() && now - inquiry.began < inquiry_time) return false;
    answer(inquiry);
    return true;
  });
}

/// With what is still so: some time has passed since it was seen.
void Prober::answer(const Inquiry& inquiry) {
  Reached out{inquiry.from, inquiry.nonce, {}};
  for (const NodeId& peer : inquiry.reached) {
    if (is_straight(peer)) out.peers.push_back(peer);
  }
  answers_.push_back(std::move(out));
}

// ---- what is known ----

std::optional<PathView> Prober::path(const NodeId& peer) const {
  const auto found = paths_.find(peer);
  if (found == paths_.end()) return std::nullopt;
  Path path = found->second;
  const Health& health = lane(path, path.choice.kind).health;
  PathView out{.choice = path.choice,
               .state = health.state(),
               .since = health.since(),
               .rtt = health.rtt(),
               .loss = health.loss(),
               .direct = {},
               .carries = health.is_black_hole() && health.is_measured() ? health.passes() : 0};
  if (path.direct) out.direct = path.direct->health.state();
  return out;
}

Choice Prober::choice(const NodeId& peer) const {
  const auto path = paths_.find(peer);
  return path == paths_.end() ? Choice() : path->second.choice;
}

Prober::Path* Prober::find(const NodeId& peer) {
  const auto path = paths_.find(peer);
  return path == paths_.end() ? nullptr : &path->second;
}

}  // namespace overlay::paths
