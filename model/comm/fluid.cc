#include "model/comm/fluid.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace isobath {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

template <class Visit>
void each_port(const Flow& flow, Visit visit) {
    for (const std::int32_t port : flow.ports)
        if (port >= 0) visit(static_cast<std::size_t>(port));
}

void check(std::span<const BytesPerSecond> ports, std::span<const Flow> flows) {
    for (const Flow& flow : flows) {
        bool any = false;
        each_port(flow, [&](std::size_t port) {
            any = true;
            if (port >= ports.size())
                throw std::logic_error("share_ports: a flow through a port that is not there");
        });
        if (!any && flow.bytes > Bytes{}) throw std::logic_error("share_ports: a flow through no port");
    }
}

/// Groups of flows that share no port with another group, as lists of flow indices (union-find over ports).
std::vector<std::vector<int>> components(std::span<const Flow> flows, std::size_t ports) {
    std::vector<int> parent(ports);
    std::iota(parent.begin(), parent.end(), 0);
    const auto root = [&](int port) {
        while (parent[std::size_t(port)] != port) {
            int& up = parent[std::size_t(port)];
            port = up = parent[std::size_t(up)];
        }
        return port;
    };
    for (const Flow& flow : flows)
        each_port(flow,
                  [&](std::size_t port) { parent[std::size_t(root(int(port)))] = root(flow.ports[0]); });
    std::vector<std::vector<int>> of_port(ports);
    for (std::size_t i = 0; i < flows.size(); ++i)
        if (flows[i].ports[0] >= 0) of_port[std::size_t(root(flows[i].ports[0]))].push_back(int(i));
    std::erase_if(of_port, [](const auto& list) { return list.empty(); });
    return of_port;
}

/// One component: its ports numbered anew, its flows in order of their start.
class Component {
  public:
    Component(std::span<const BytesPerSecond> ports, std::span<const Flow> flows, std::vector<int> members);

    int run(double batching, FluidResult& out);

  private:
    struct Live {
        int flow    = 0;  ///< index among all flows
        double left = 0, rate = 0;
        std::array<std::int16_t, Flow::kMostPorts> ports{-1, -1, -1, -1};
    };

    void number_ports(std::span<const BytesPerSecond> ports);
    std::int16_t local(std::int32_t port) const;
    void admit(double now);
    void share_out();
    double next_end(double now) const;
    void advance(double from, double to, FluidResult& out);

    std::span<const Flow> flows_;
    std::vector<int> waiting_;  ///< by start; those before next_ are under way or done
    std::size_t next_ = 0;
    std::vector<std::int32_t> port_ids_;  ///< sorted
    std::vector<double> capacity_;

    std::vector<Live> live_;
    std::vector<double> room_;       ///< of each port, while rates are shared out
    std::vector<int> open_;          ///< flows through it whose rate is not known yet
    std::vector<int> place_;         ///< working storage
    std::vector<int> first_;         ///< port -> first of its entries in through_
    std::vector<int> through_;       ///< live flows of each port, one port after another
    std::vector<std::size_t> busy_;  ///< ports with open flows
};

Component::Component(std::span<const BytesPerSecond> ports, std::span<const Flow> flows,
                     std::vector<int> members)
    : flows_(flows), waiting_(std::move(members)) {
    const auto starts_before = [&](int a, int b) {
        return flows_[std::size_t(a)].start < flows_[std::size_t(b)].start;
    };
    std::stable_sort(waiting_.begin(), waiting_.end(), starts_before);
    number_ports(ports);
    live_.reserve(waiting_.size());
}

void Component::number_ports(std::span<const BytesPerSecond> ports) {
    for (const int flow : waiting_)
        each_port(flows_[std::size_t(flow)],
                  [&](std::size_t port) { port_ids_.push_back(std::int32_t(port)); });
    std::sort(port_ids_.begin(), port_ids_.end());
    port_ids_.erase(std::unique(port_ids_.begin(), port_ids_.end()), port_ids_.end());
    for (const std::int32_t port : port_ids_) capacity_.push_back(ports[std::size_t(port)].base());
    room_.resize(capacity_.size());
    open_.resize(capacity_.size());
    first_.resize(capacity_.size() + 1);
}

std::int16_t Component::local(std::int32_t port) const {
    if (port < 0) return -1;
    return std::int16_t(std::lower_bound(port_ids_.begin(), port_ids_.end(), port) - port_ids_.begin());
}

/// Flows whose start has come join the others.
void Component::admit(double now) {
    for (; next_ < waiting_.size(); ++next_) {
        const Flow& flow = flows_[std::size_t(waiting_[next_])];
        if (flow.start.base() > now) return;
        Live live{waiting_[next_], flow.bytes.base(), 0, {}};
        for (std::size_t i = 0; i < flow.ports.size(); ++i) live.ports[i] = local(flow.ports[i]);
        live_.push_back(live);
    }
}

/// Progressive filling: the port with the least room per open flow fixes the rate of its flows; they take
/// their part of the other ports; and so on until every flow has a rate.
void Component::share_out() {
    const auto each = [](const Live& live, auto visit) {
        for (const std::int16_t port : live.ports)
            if (port >= 0) visit(std::size_t(port));
    };
    room_ = capacity_;
    std::fill(open_.begin(), open_.end(), 0);
    for (Live& live : live_) each(live, [&](std::size_t port) { ++open_[port]; });
    std::partial_sum(open_.begin(), open_.end(), first_.begin() + 1);
    through_.resize(std::size_t(first_.back()));
    busy_.clear();
    for (std::size_t port = 0; port < open_.size(); ++port)
        if (open_[port] > 0) busy_.push_back(port);
    place_.assign(first_.begin(), first_.end() - 1);
    for (std::size_t i = 0; i < live_.size(); ++i) {
        live_[i].rate = -1;
        each(live_[i], [&](std::size_t port) { through_[std::size_t(place_[port]++)] = int(i); });
    }
    while (!busy_.empty()) {
        const std::size_t tight = *std::min_element(
            busy_.begin(), busy_.end(),
            [&](std::size_t a, std::size_t b) { return room_[a] * open_[b] < room_[b] * open_[a]; });
        const double rate = std::max(0.0, room_[tight]) / open_[tight];
        for (int i = first_[tight]; i < first_[tight + 1]; ++i) {
            Live& live = live_[std::size_t(through_[std::size_t(i)])];
            if (live.rate >= 0) continue;
            live.rate = rate;
            each(live, [&](std::size_t port) { room_[port] -= rate, --open_[port]; });
        }
        std::erase_if(busy_, [&](std::size_t port) { return open_[port] == 0; });
    }
}

double Component::next_end(double now) const {
    double first = kNever;
    for (const Live& live : live_) first = std::min(first, now + live.left / live.rate);
    return first;
}

/// Moves bytes until `to`; flows that end on the way end at their own moment.
void Component::advance(double from, double to, FluidResult& out) {
    for (Live& live : live_) {
        const double end = from + live.left / live.rate;
        live.left -= live.rate * (to - from);
        if (end <= to) out.finish[std::size_t(live.flow)] = Seconds{end}, live.left = -1;
    }
    std::erase_if(live_, [](const Live& live) { return live.left < 0; });
}

int Component::run(double batching, FluidResult& out) {
    int solves         = 0;
    double now         = flows_[std::size_t(waiting_.front())].start.base();
    const double began = now;
    while (next_ < waiting_.size() || !live_.empty()) {
        admit(now);
        share_out();
        ++solves;
        const double start =
            next_ < waiting_.size() ? flows_[std::size_t(waiting_[next_])].start.base() : kNever;
        const double end   = next_end(now);
        const double until = std::min(start, end + batching * (end - began));
        advance(now, until, out);
        now = until;
    }
    return solves;
}

}  // namespace

std::vector<Bytes> port_bytes(std::span<const Flow> flows, std::size_t ports) {
    std::vector<Bytes> out(ports);
    for (const Flow& flow : flows) each_port(flow, [&](std::size_t port) { out[port] += flow.bytes; });
    return out;
}

Seconds bottleneck(std::span<const BytesPerSecond> ports, std::span<const Flow> flows) {
    const std::vector<Bytes> bytes = port_bytes(flows, ports.size());
    std::vector<double> first(ports.size(), kNever);
    for (const Flow& flow : flows)
        each_port(flow, [&](std::size_t port) { first[port] = std::min(first[port], flow.start.base()); });
    Seconds worst;
    for (std::size_t port = 0; port < ports.size(); ++port)
        if (bytes[port] > Bytes{}) worst = std::max(worst, Seconds{first[port]} + bytes[port] / ports[port]);
    return worst;
}

FluidResult share_ports(std::span<const BytesPerSecond> ports, std::span<const Flow> flows, double batching) {
    check(ports, flows);
    FluidResult out;
    out.finish.resize(flows.size());
    for (std::size_t i = 0; i < flows.size(); ++i) out.finish[i] = flows[i].start;
    for (std::vector<int>& members : components(flows, ports.size()))
        out.solves += Component(ports, flows, std::move(members)).run(batching, out);
    for (const Seconds finish : out.finish) out.makespan = std::max(out.makespan, finish);
    return out;
}

}  // namespace isobath
