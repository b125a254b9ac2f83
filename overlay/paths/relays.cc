// SPDX-License-Identifier: Apache-2.0
#include "overlay/paths/relays.h"

#include <algorithm>

namespace overlay::paths {

bool Relays::want(const NodeId& peer, Time now) {
  const auto [search, added] = searches_.try_emplace(peer);
  if (!added) return false;
  search->second.number = ++searches_begun_;
  search->second.due = now;
  return true;
}

void Relays::reject(const NodeId& peer, const NodeId& relay, Time now) {
  const auto search = searches_.find(peer);
  if (search == searches_.end()) return;
  search->second.rejected[relay] = now + rng_.between(rejected_min, rejected_max);
  search->second.due = now;
}

void Relays::keep(const NodeId& peer) {
  const auto search = searches_.find(peer);
  if (search != searches_.end()) search->second.due = Time::max();
}

Time Relays::next_deadline() const {
  Time due = Time::max();
  for (const auto& [peer, search] : searches_) due = std::min(due, search.due);
  return due == Time::max() ? due : std::max(due, not_before_);
}

/// Null when there are enough questions in this go.
Question* Relays::question_to(const NodeId& candidate, std::vector<Question>& out) {
  for (Question& question : out) {
    if (question.to == candidate && question.about.size() < about_max) return &question;
  }
  if (out.size() == questions_max) return nullptr;
  out.push_back({candidate, rng_.next(), {}});
  return &out.back();
}

/// False when nobody is left to be asked.
bool Relays::ask_about(const NodeId& peer, Search& search, const std::vector<NodeId>& candidates,
                       std::size_t at_once, std::vector<Question>& out, Time now) {
  search.awaited = 0;
  std::erase_if(search.rejected, [now](const auto& entry) { return entry.second <= now; });
  for (const NodeId& candidate : candidates) {
    if (search.awaited == at_once) break;
    if (candidate == peer || search.tried.contains(candidate) || search.rejected.contains(candidate))
      continue;
    Question* question = question_to(candidate, out);
    if (question == nullptr) continue;
    question->about.push_back(peer);
    Asked& asked = asked_.try_emplace(question->nonce, Asked{candidate, {}, now + patience}).first->second;
    asked.about.emplace(peer, search.number);
    search.tried.insert(candidate);
    ++search.awaited;
  }
  return search.awaited > 0;
}

std::vector<Question> Relays::ask(const std::vector<NodeId>& candidates, std::size_t at_once, Time now) {
  std::vector<Question> out;
  std::erase_if(asked_, [now](const auto& entry) { return entry.second.expires <= now; });
  for (auto& [peer, search] : searches_) {
    if (search.due > now) continue;
    if (out.size() == questions_max) break;
    const bool asked = search.goes < eager_goes && ask_about(peer, search, candidates, at_once, out, now);
    if (asked) {
      ++search.goes;
      search.due = now + patience;
      continue;
    }
    search.tried.clear();
    search.goes = 0;
    search.due = now + rng_.between(search.pause - search.pause / 4, search.pause);
    search.pause = std::min(search.pause * 3 / 2, pause_max);
  }
  not_before_ = now + std::max<std::size_t>(out.size(), 1) * question_interval;
  return out;
}

std::vector<NodeId> Relays::hear(const NodeId& from, std::uint64_t nonce, const std::vector<NodeId>& reached,
                                 Time now) {
  std::vector<NodeId> out;
  const auto asked = asked_.find(nonce);
  if (asked == asked_.end() || asked->second.whom != from) return out;
  for (const auto& [peer, number] : asked->second.about) {
    const auto search = searches_.find(peer);
    if (search == searches_.end() || search->second.number != number || search->second.due == Time::max())
      continue;
    if (std::ranges::find(reached, peer) != reached.end()) {
      search->second.due = Time::max();
      out.push_back(peer);
    } else if (search->second.awaited > 0 && --search->second.awaited == 0) {
      search->second.due = now;
    }
  }
  asked_.erase(asked);
  return out;
}

}  // namespace overlay::paths
