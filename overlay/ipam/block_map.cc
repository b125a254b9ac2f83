// SPDX-License-Identifier: Apache-2.0
#include "overlay/ipam/block_map.h"

#include <algorithm>

namespace overlay::ipam {
namespace {

using Records = BlockMap::Records;

/// How many leading bits two prefixes share; at most the shorter of the two lengths.
int shared_length(const Prefix& a, const Prefix& b) {
  int length = 0;
  const int most = std::min(a.length(), b.length());
  while (length < most && a.address().bit(length) == b.address().bit(length)) ++length;
  return length;
}

/// The records that hold all of `prefix`, the longest first, itself included. A record between two of them in
/// the order is jumped over, together with everything that shares less with `prefix` than it does.
std::vector<Records::const_iterator> around_all(const Records& records, const Prefix& prefix) {
  std::vector<Records::const_iterator> found;
  auto at = records.upper_bound(prefix);
  while (at != records.begin()) {
    --at;
    if (at->first.contains(prefix)) {
      found.push_back(at);
    } else if (at->first.family() != prefix.family()) {
      break;
    } else {
      at = records.upper_bound(Prefix::around(prefix.address(), shared_length(at->first, prefix)));
    }
  }
  return found;
}

/// Calls `visit` with each record nested in `prefix`, itself excluded.
template <class Visit>
void for_each_inside(const Records& records, const Prefix& prefix, Visit visit) {
  for (auto at = records.upper_bound(prefix); at != records.end() && prefix.contains(at->first); ++at)
    visit(at);
}

/// All records of one id in an index, sorted by prefix.
template <class Id>
std::vector<BlockRecord> of(const Records& records, const std::set<std::pair<Id, Prefix>>& index,
                            const Id& id) {
  std::vector<BlockRecord> found;
  for (auto at = index.lower_bound({id, Prefix()}); at != index.end() && at->first == id; ++at) {
    found.push_back(records.at(at->second));
  }
  return found;
}

}  // namespace

Merge BlockMap::merge(const BlockRecord& record, std::vector<BlockRecord>* others) {
  auto& highest = highest_seq_[record.seat];
  highest = std::max(highest, record.epoch.seq);

  if (const auto* held = find(record.prefix); held != nullptr && *held == record) return Merge::known;
  if (auto contradicted = rivals(record); !contradicted.empty()) {
    if (others != nullptr) *others = std::move(contradicted);
    return Merge::fork;
  }
  const auto* outer = around(record.prefix);
  if ((outer != nullptr && outer->epoch > record.epoch) || covered(record.prefix, record.epoch))
    return Merge::stale;

  auto displaced = displace(record);
  if (others != nullptr) *others = std::move(displaced);
  return Merge::applied;
}

std::vector<BlockRecord> BlockMap::overlapping(const Prefix& prefix) const {
  std::vector<BlockRecord> found;
  for (const auto& at : around_all(records_, prefix)) found.push_back(at->second);
  std::reverse(found.begin(), found.end());
  for_each_inside(records_, prefix, [&](Records::const_iterator at) { found.push_back(at->second); });
  return found;
}

std::vector<BlockRecord> BlockMap::rivals(const BlockRecord& record) const {
  auto found = overlapping(record.prefix);
  std::erase_if(found, [&](const BlockRecord& other) { return other.epoch != record.epoch; });
  return found;
}

/// Whether records at or inside `prefix` with epochs above `below` leave no address of it over.
bool BlockMap::covered(const Prefix& prefix, const Epoch& below) const {
  if (const auto* held = find(prefix); held != nullptr && held->epoch > below) return true;
  if (!has_inside(prefix)) return false;
  return covered(prefix.nth(prefix.length() + 1, 0), below) &&
         covered(prefix.nth(prefix.length() + 1, 1), below);
}

bool BlockMap::has_inside(const Prefix& prefix) const {
  const auto at = records_.upper_bound(prefix);
  return at != records_.end() && prefix.contains(at->first);
}

/// Inserts `by` and removes what it covers now, alone or together with others; returns what went.
std::vector<BlockRecord> BlockMap::displace(const BlockRecord& by) {
  std::vector<BlockRecord> gone;
  if (const auto* same = find(by.prefix); same != nullptr) gone.push_back(*same);
  for_each_inside(records_, by.prefix, [&](Records::const_iterator at) {
    if (at->second.epoch < by.epoch) gone.push_back(at->second);
  });
  const auto* outer = parent_of(by.prefix);
  if (outer != nullptr && covered_but(*outer, by.prefix)) gone.insert(gone.begin(), *outer);
  for (const auto& record : gone) erase(record);
  insert(by);
  return gone;
}

/// The smallest record around `prefix` that is larger than it.
const BlockRecord* BlockMap::parent_of(const Prefix& prefix) const {
  if (prefix.length() == 0) return nullptr;
  return around(Prefix::around(prefix.address(), prefix.length() - 1));
}

/// Whether higher epochs cover all of `outer` beside `part`, which is nested in it with none between. The
/// halves next to `part` are asked first, so handing out a large record piece by piece costs little each
/// time.
bool BlockMap::covered_but(const BlockRecord& outer, Prefix part) const {
  while (part != outer.prefix) {
    const Prefix parent = Prefix::around(part.address(), part.length() - 1);
    const std::uint64_t other_half = 1 - part.index_in(parent);
    if (!covered(parent.nth(part.length(), other_half), outer.epoch)) return false;
    part = parent;
  }
  return true;
}

void BlockMap::insert(const BlockRecord& record) {
  records_.emplace(record.prefix, record);
  if (!record.owner.is_zero()) by_owner_.emplace(record.owner, record.prefix);
  if (!record.request.is_zero()) by_request_.emplace(record.request, record.prefix);
}

void BlockMap::erase(const BlockRecord& record) {
  by_owner_.erase({record.owner, record.prefix});
  by_request_.erase({record.request, record.prefix});
  records_.erase(record.prefix);
}

const BlockRecord* BlockMap::find(const Prefix& prefix) const {
  const auto at = records_.find(prefix);
  return at == records_.end() ? nullptr : &at->second;
}

const BlockRecord* BlockMap::around(const Prefix& prefix) const {
  const auto found = around_all(records_, prefix);
  return found.empty() ? nullptr : &found.front()->second;
}

std::optional<BlockRecord> BlockMap::at(const Ip& address) const {
  const auto* record = around(Prefix::host(address));
  if (record == nullptr) return std::nullopt;
  return *record;
}

std::vector<BlockRecord> BlockMap::owned_by(const NodeId& owner) const {
  return of(records_, by_owner_, owner);
}

std::vector<BlockRecord> BlockMap::by_request(const RequestId& request) const {
  return of(records_, by_request_, request);
}

Epoch BlockMap::next_epoch(std::uint64_t term, std::uint32_t seat) const {
  const auto at = highest_seq_.find(seat);
  return {term, (at == highest_seq_.end() ? 0 : at->second) + 1};
}

}  // namespace overlay::ipam
