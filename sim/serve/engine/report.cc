#include "sim/serve/engine/report.h"

namespace isobath::engine {
namespace {

constexpr double kSecond = 1e9;

double ratio(Series::Integral part, Series::Integral all) {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

/// Cache tokens of so many paid units, over time.
Series::Integral room_of(const UnitSpec& unit, Series::Integral paid) {
    return paid * unit.ranks * whole(unit.cache_tokens);
}

FleetSample sample_of(const Series::Sample& s, const UnitSpec& unit, Ticks time) {
    return {.in_service = ratio(s.paid, time),
            .running    = ratio(s.running, time),
            .waiting    = ratio(s.waiting, time),
            .cache      = ratio(s.cache, room_of(unit, s.paid)),
            .busy       = ratio(s.busy, s.paid)};
}

FleetTotals totals_of(Fleet& fleet, Ticks end) {
    Ledger& ledger = fleet.ledger();
    Series::Sample sum;
    for (const Series::Sample& sample : ledger.series.samples()) sum.add(sample);
    const UnitSpec& unit = fleet.spec().unit;
    FleetTotals totals{.unit_seconds  = static_cast<double>(sum.paid) / kSecond,
                       .busy_s        = static_cast<double>(sum.busy) / kSecond,
                       .steps         = ledger.steps,
                       .prefill_steps = ledger.prefill_steps,
                       .preemptions   = ledger.preemptions,
                       .failures      = ledger.failures,
                       .retried       = ledger.retried,
                       .cache_mean    = ratio(sum.cache, room_of(unit, sum.paid)),
                       .cache_max     = ratio(ledger.cache_max, whole(unit.cache_tokens)),
                       .running_mean  = ratio(sum.running, end),
                       .waiting_mean  = ratio(sum.waiting, end),
                       .waiting_max   = ledger.waiting_max,
                       .step_time     = ledger.step_time,
                       .rank_tokens   = {}};
    totals.rank_tokens.assign(ledger.rank_tokens.begin(), ledger.rank_tokens.end());
    return totals;
}

void add_users(ServeResult& result, const Ledger& ledger) {
    result.arrived += ledger.arrivals, result.finished += ledger.finishes;
    result.counted += ledger.counted, result.rejected += ledger.rejects;
    result.input_tokens += static_cast<double>(ledger.input_tokens);
    result.cached_tokens += static_cast<double>(ledger.cached_tokens);
    result.output_tokens += static_cast<double>(ledger.output_tokens);
    result.within_slo += ledger.within_slo;
    result.ttft.add(ledger.ttft), result.tpot.add(ledger.tpot), result.e2e.add(ledger.e2e);
    result.queue.add(ledger.queue), result.between_tokens.add(ledger.between_tokens);
}

void add_users(ServeSample& sample, const Series::Sample& s) {
    sample.arrived += s.arrived, sample.finished += s.finished;
    sample.input_tokens += static_cast<double>(s.input);
    sample.cached_tokens += static_cast<double>(s.cached);
    sample.output_tokens += static_cast<double>(s.output);
    sample.ttft.add(s.ttft), sample.tpot.add(s.tpot);
}

/// Both series have grown to the same end, so by the same rule to the same interval.
void add_series(std::vector<ServeSample>& out, Fleet& fleet, FleetSample ServeSample::*part, Ticks end) {
    const Series& series = fleet.ledger().series;
    out.resize(series.samples().size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        const Ticks from    = static_cast<Ticks>(i) * series.every();
        const Ticks until   = std::min(end, from + series.every());
        out[i].from         = from;
        const auto& counted = series.samples()[i];
        out[i].*part        = sample_of(counted, fleet.spec().unit, until - from);
        add_users(out[i], counted);
    }
}

}  // namespace

ServeResult report(Fleet& first, Fleet* second, Ticks end, bool partial) {
    ServeResult result;
    result.simulated = end;
    result.partial   = partial;
    first.close(end);
    add_users(result, first.ledger());
    result.first = totals_of(first, end);
    add_series(result.series, first, &ServeSample::first, end);
    if (!second) return result;
    second->close(end);
    add_users(result, second->ledger());
    result.second = totals_of(*second, end);
    add_series(result.series, *second, &ServeSample::second, end);
    return result;
}

}  // namespace isobath::engine
