// SPDX-License-Identifier: Apache-2.0
#include "overlay/wire/log_entry.h"

#include "overlay/v1/state.pb.h"
#include "overlay/wire/convert.h"

namespace overlay::wire {
namespace {

void fill(v1::LogEntry::LeaseKey& out, const ipam::LeaseKey& key) {
  out.set_network(key.network);
  out.set_container(key.container);
  out.set_interface(key.interface);
}

void fill(v1::LogEntry& out, const IncarnationEntry& entry) { out.set_incarnation(entry.incarnation); }
void fill(v1::LogEntry& out, const RecordEntry& entry) { out.mutable_record()->set_envelope(entry.envelope); }

void fill(v1::LogEntry& out, const ReleaseEntry& entry) {
  fill(*out.mutable_release()->mutable_key(), entry.key);
  out.mutable_release()->set_at_us(entry.at.time_since_epoch().count());
}

void fill(v1::LogEntry& out, const CoolingEntry& entry) {
  out.mutable_cooling()->set_address(Bytes(entry.address.bytes()));
  out.mutable_cooling()->set_since_us(entry.since.time_since_epoch().count());
}

void fill(v1::LogEntry& out, const LeaseEntry& entry) {
  auto& lease = *out.mutable_lease();
  fill(*lease.mutable_key(), entry.lease.key);
  for (const Ip& address : entry.lease.addresses) lease.add_addresses(Bytes(address.bytes()));
  lease.set_mac(entry.lease.mac.str());
  lease.set_without_masquerade(!entry.lease.masquerade);
  lease.set_since_ms(static_cast<std::uint64_t>(entry.lease.since.time_since_epoch().count()));
}

void fill(v1::LogEntry& out, const RequestEntry& entry) {
  out.mutable_request()->set_request(entry.request.str());
  out.mutable_request()->set_family(static_cast<std::uint32_t>(entry.family));
  out.mutable_request()->set_voter(entry.voter.str());
}

void fill(v1::LogEntry& out, const KeptEntry& entry) { out.mutable_kept()->set_envelope(entry.envelope); }

void fill(v1::LogEntry& out, const TakeoverEntry& entry) {
  out.mutable_takeover()->set_seat(entry.seat);
  out.mutable_takeover()->set_term(entry.term);
}

void fill(v1::LogEntry::OwnBlock& out, const Prefix& prefix) {
  out.set_address(Bytes(prefix.address().bytes()));
  out.set_length(static_cast<std::uint32_t>(prefix.length()));
}

void fill(v1::LogEntry& out, const ReturningEntry& entry) { fill(*out.mutable_returning(), entry.prefix); }
void fill(v1::LogEntry& out, const HomeEntry& entry) { fill(*out.mutable_home(), entry.prefix); }

void fill(v1::LogEntry& out, const PeerIndexEntry& entry) {
  out.mutable_peer_index()->set_node(entry.node.str());
  out.mutable_peer_index()->set_index(entry.index);
}

void fill(v1::LogEntry& out, const RecoveryOverEntry& entry) { out.set_recovery_over(entry.generation); }

void fill(v1::LogEntry& out, const FoundingEntry& entry) {
  out.mutable_founding()->set_envelope(entry.proposal);
}

void fill(v1::LogEntry::Vote::Ballot& out, const consensus::Ballot& ballot) {
  out.set_round(ballot.round);
  out.set_proposer(ballot.proposer.str());
}

void fill(v1::LogEntry& out, const VoteEntry& entry) {
  auto& vote = *out.mutable_vote();
  vote.set_index(entry.vote.index);
  fill(*vote.mutable_promised(), entry.vote.promised);
  if (!entry.vote.accepted) return;
  fill(*vote.mutable_accepted(), entry.vote.accepted->ballot);
  vote.set_value(entry.vote.accepted->value);
}

void fill(v1::LogEntry& out, const PulseEntry& entry) { out.set_pulse(entry.pulse); }

void fill(v1::LogEntry& out, const RegisteredEntry& entry) {
  out.mutable_registered()->set_incarnation(entry.incarnation);
  out.mutable_registered()->set_nonce(entry.nonce.str());
}

void fill(v1::LogEntry& out, const RegistrationEntry& entry) {
  auto& registration = *out.mutable_registration();
  registration.set_node(entry.node.str());
  registration.set_incarnation(entry.life.incarnation);
  registration.set_pulse(entry.life.pulse);
  registration.set_nonce(entry.life.nonce.str());
}

void fill(v1::LogEntry& out, const RegistryEntry& entry) { out.set_registry(entry.term); }
void fill(v1::LogEntry& out, const LapsedEntry&) { out.set_lapsed(true); }

void fill(v1::LogEntry& out, const BindingEntry& entry) {
  for (const Bytes& mark : entry.marks) out.mutable_binding()->add_marks(mark);
}

void fill(v1::LogEntry& out, const DisownedEntry& entry) { out.set_disowned(entry.node.str()); }

void fill(v1::LogEntry& out, const DepartureEntry& entry) {
  out.mutable_departure()->set_drained(entry.drained);
  out.mutable_departure()->set_leaving(entry.leaving);
  out.mutable_departure()->set_at_once(entry.at_once);
}

void fill(v1::LogEntry& out, const TargetsEntry& entry) {
  auto& targets = *out.mutable_targets();
  for (const HostPort& host : entry.hosts) targets.add_hosts(host.text());
}

void fill(v1::LogEntry& out, const BackupEntry& entry) {
  auto& backup = *out.mutable_backup();
  backup.set_taken_ms(static_cast<std::uint64_t>(entry.taken.time_since_epoch().count()));
  backup.set_version(entry.version);
  backup.set_seed(entry.seed.str());
  if (entry.secret) backup.set_secret(entry.secret->text());
}

void fill(v1::LogEntry& out, const RestoredEntry&) { out.set_restored(true); }

ipam::LeaseKey read(const v1::LogEntry::LeaseKey& from) {
  return {from.network(), from.container(), from.interface()};
}

Result<LogEntry> read(const v1::LogEntry::Lease& from) {
  ipam::Lease lease;
  lease.key = read(from.key());
  for (const auto& address : from.addresses()) {
    OVERLAY_TRY(const Ip ip, Ip::from_bytes(address));
    lease.addresses.push_back(ip);
  }
  if (lease.addresses.empty()) return fail(Errc::corrupt, "a lease without an address");
  lease.mac = pod_mac(lease.addresses.front());
  if (!from.mac().empty()) {
    OVERLAY_TRY(lease.mac, Mac::parse(from.mac()));
  }
  lease.masquerade = !from.without_masquerade();
  lease.since = WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(from.since_ms())));
  return LogEntry(LeaseEntry{std::move(lease)});
}

Result<LogEntry> read(const v1::LogEntry::Cooling& from) {
  OVERLAY_TRY(const Ip address, Ip::from_bytes(from.address()));
  return LogEntry(CoolingEntry{address, Time(Duration(from.since_us()))});
}

Result<LogEntry> read(const v1::LogEntry::BlockRequestSent& from) {
  RequestEntry out;
  OVERLAY_TRY(out.request, RequestId::parse(from.request()));
  OVERLAY_TRY(out.family, family_from(from.family()));
  if (!from.voter().empty()) {
    OVERLAY_TRY(out.voter, NodeId::parse(from.voter()));
  }
  return LogEntry(out);
}

template <class Entry>
Result<LogEntry> read_own_block(const v1::LogEntry::OwnBlock& from) {
  OVERLAY_TRY(const Ip address, Ip::from_bytes(from.address()));
  OVERLAY_TRY(const Prefix prefix, Prefix::make(address, static_cast<int>(from.length())));
  return LogEntry(Entry{prefix});
}

Result<LogEntry> read(const v1::LogEntry::PeerIndex& from) {
  OVERLAY_TRY(const NodeId node, NodeId::parse(from.node()));
  return LogEntry(PeerIndexEntry{node, from.index()});
}

Result<consensus::Ballot> read(const v1::LogEntry::Vote::Ballot& from) {
  OVERLAY_TRY(const PublicKey proposer, PublicKey::parse(from.proposer()));
  return consensus::Ballot{from.round(), proposer};
}

Result<LogEntry> read(const v1::LogEntry::Vote& from) {
  consensus::Vote out;
  out.index = from.index();
  OVERLAY_TRY(out.promised, read(from.promised()));
  if (from.has_accepted()) {
    OVERLAY_TRY(const auto ballot, read(from.accepted()));
    out.accepted = consensus::Acceptance{ballot, from.value()};
  }
  return LogEntry(VoteEntry{std::move(out)});
}

Result<LogEntry> read(const v1::LogEntry::Registered& from) {
  RegisteredEntry out{from.incarnation(), {}};
  OVERLAY_TRY(out.nonce, Nonce::parse(from.nonce()));
  return LogEntry(out);
}

Result<LogEntry> read(const v1::LogEntry::Registration& from) {
  RegistrationEntry out{{}, {from.incarnation(), from.pulse(), {}}};
  OVERLAY_TRY(out.node, NodeId::parse(from.node()));
  OVERLAY_TRY(out.life.nonce, Nonce::parse(from.nonce()));
  return LogEntry(out);
}

Result<LogEntry> read_disowned(const std::string& from) {
  OVERLAY_TRY(const NodeId node, NodeId::parse(from));
  return LogEntry(DisownedEntry{node});
}

Result<LogEntry> read(const v1::LogEntry::Targets& from) {
  TargetsEntry entry;
  for (const auto& text : from.hosts()) {
    OVERLAY_TRY(HostPort host, HostPort::parse(text, 0));
    entry.hosts.push_back(std::move(host));
  }
  return LogEntry(std::move(entry));
}

Result<LogEntry> read(const v1::LogEntry::Backup& from) {
  BackupEntry out{WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(from.taken_ms()))),
                  from.version(),
                  {},
                  {}};
  OVERLAY_TRY(out.seed, SecretSeed::parse(from.seed()));
  if (!from.secret().empty()) {
    OVERLAY_TRY(out.secret, Secret::parse(from.secret()));
  }
  return LogEntry(std::move(out));
}

Result<LogEntry> read(const v1::LogEntry& from) {
  switch (from.kind_case()) {
    case v1::LogEntry::kIncarnation:
      return LogEntry(IncarnationEntry{from.incarnation()});
    case v1::LogEntry::kRecord:
      return LogEntry(RecordEntry{from.record().envelope()});
    case v1::LogEntry::kLease:
      return read(from.lease());
    case v1::LogEntry::kRelease:
      return LogEntry(ReleaseEntry{read(from.release().key()), Time(Duration(from.release().at_us()))});
    case v1::LogEntry::kCooling:
      return read(from.cooling());
    case v1::LogEntry::kRequest:
      return read(from.request());
    case v1::LogEntry::kKept:
      return LogEntry(KeptEntry{from.kept().envelope()});
    case v1::LogEntry::kTakeover:
      return LogEntry(TakeoverEntry{from.takeover().seat(), from.takeover().term()});
    case v1::LogEntry::kReturning:
      return read_own_block<ReturningEntry>(from.returning());
    case v1::LogEntry::kHome:
      return read_own_block<HomeEntry>(from.home());
    case v1::LogEntry::kPeerIndex:
      return read(from.peer_index());
    case v1::LogEntry::kVote:
      return read(from.vote());
    case v1::LogEntry::kRecoveryOver:
      return LogEntry(RecoveryOverEntry{from.recovery_over()});
    case v1::LogEntry::kFounding:
      return LogEntry(FoundingEntry{from.founding().envelope()});
    case v1::LogEntry::kPulse:
      return LogEntry(PulseEntry{from.pulse()});
    case v1::LogEntry::kRegistered:
      return read(from.registered());
    case v1::LogEntry::kRegistration:
      return read(from.registration());
    case v1::LogEntry::kRegistry:
      return LogEntry(RegistryEntry{from.registry()});
    case v1::LogEntry::kLapsed:
      return LogEntry(LapsedEntry{});
    case v1::LogEntry::kBinding:
      return LogEntry(BindingEntry{{from.binding().marks().begin(), from.binding().marks().end()}});
    case v1::LogEntry::kDisowned:
      return read_disowned(from.disowned());
    case v1::LogEntry::kDeparture:
      return LogEntry(
          DepartureEntry{from.departure().drained(), from.departure().leaving(), from.departure().at_once()});
    case v1::LogEntry::kTargets:
      return read(from.targets());
    case v1::LogEntry::kBackup:
      return read(from.backup());
    case v1::LogEntry::kRestored:
      return LogEntry(RestoredEntry{});
    case v1::LogEntry::KIND_NOT_SET:
      break;
  }
  return fail(Errc::unsupported, "an entry of a kind this version does not know");
}

}  // namespace

Bytes encode_entry(const LogEntry& entry) {
  v1::LogEntry out;
  std::visit([&](const auto& value) { fill(out, value); }, entry);
  return out.SerializeAsString();
}

Result<LogEntry> decode_entry(std::string_view bytes) {
  v1::LogEntry from;
  if (!from.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupt, "an entry that does not parse");
  }
  auto entry = read(from);
  if (!entry && entry.error().code == Errc::invalid) return fail(Errc::corrupt, entry.error().text);
  return entry;
}

}  // namespace overlay::wire
