#include "sim/served/closed_loop.h"

#include <algorithm>
#include <cmath>

namespace isobath {
namespace {

/// Prompts that arrive together, when `mean` of them arrive independently between two looks at the queue.
struct Gathering {
    double some      = 0;  ///< chance that any has come
    double per_event = 1;  ///< mean number, given that some have
    double with_mine = 1;  ///< mean number in the gathering that a prompt finds itself in
};

Gathering gathering(double mean) {
    if (mean < 1e-9) return {mean, 1, 1};
    const double some = -std::expm1(-mean);
    return {some, mean / some, 1 + mean};
}

/// Prefill of `n` prompts, at most `most` of them in a step: the whole, and the mean until one is done.
struct Prefilling {
    Seconds whole, mean;
    double together = 1;
};

Prefilling prefilling(const LoopSteps& steps, double n, double most) {
    most = std::max(1.0, std::floor(most));
    if (n <= most) {
        const Seconds all = steps.prefill(n);
        return {all, all, n};
    }
    const double rounds = n / most;
    const Seconds one   = steps.prefill(most);
    return {rounds * one, (rounds + 1) / 2 * one, most};
}

/// Share of the run's requests that meet an idle server: the first of each client.
double first_share(const LoopLoad& load) {
    return 1 / std::max(1.0, load.requests_per_client);
}

/// Decode steps between two prefill steps that the scheduler allows: it looks every `poll` steps, and with
/// several attention ranks waits until each has a prompt, `balance_wait` steps at most.
double interval(const LoopEngine& e, double arrivals_per_step) {
    const double all_have_one = 1 / std::max(1e-12, arrivals_per_step);
    return std::max(e.poll, std::min(e.balance_wait, all_have_one));
}

}  // namespace

LoopResult aggregated_loop(const LoopLoad& load, const LoopEngine& e, const LoopSteps& steps) {
    LoopResult r;
    const double clients = load.clients / e.ranks;
    const double most    = e.chunk / load.prompt;
    r.running            = std::min(clients, std::max(1.0, e.slots));
    r.waiting            = clients - r.running;
    r.decode_step        = steps.decode(r.running);
    // Every request that ends is followed by a prompt: running * tokens_per_step / (answer - 1) per step.
    const double rounds   = std::max(1.0, (load.answer - 1) / steps.tokens_per_step);
    const double arrivals = r.running / rounds;
    const double every    = interval(e, arrivals);
    const Gathering all = gathering(arrivals * every * e.ranks), here = gathering(arrivals * every);
    // One rank's prefill holds up every rank; the ranks that have a prompt too use the same time.
    const double per_rank  = std::max(1.0, arrivals * every / all.some);
    const Prefilling event = prefilling(steps, per_rank, most);
    const Prefilling own   = prefilling(steps, std::max(per_rank, here.with_mine), most);
    const double others    = std::max(0.0, 1 - 1 / std::max(1.0, r.running * e.ranks));
    const Seconds hold_up  = others * all.some / every * event.whole;
    r.together             = event.together;
    r.prefill_step         = steps.prefill(event.together);
    r.stall                = hold_up / steps.tokens_per_step;
    r.tpot                 = r.decode_step / steps.tokens_per_step + r.stall;
    // A prompt comes at any moment between two looks; with a longer interval others come with it.
    const Seconds look    = every / 2 * (r.decode_step + hold_up);
    const Seconds carried = e.mixed ? r.decode_step : Seconds{};
    r.own_prefill         = own.mean + carried;
    // Little's law: those who wait are served at the rate at which those who run end.
    const Seconds per_answer = rounds * (r.decode_step + hold_up) + own.mean;
    r.queue                  = look + r.waiting / r.running * per_answer;
    const Prefilling first   = prefilling(steps, r.running, most);
    r.first_wave             = first.mean + carried;
    const double share       = first_share(load);
    r.ttft                   = e.front_end + share * r.first_wave + (1 - share) * (r.own_prefill + look) +
             r.waiting / r.running * per_answer;
    return r;
}

LoopResult split_loop(const LoopLoad& load, const LoopEngine& e, const SplitUnits& units,
                      const LoopSteps& steps) {
    LoopResult r;
    const double decode_ranks = units.decoders * units.decode_ranks;
    const double lines        = units.workers * e.ranks;  // each takes one prompt at a time
    const double rounds       = std::max(1.0, (load.answer - 1) / steps.tokens_per_step);
    r.prefill_step            = steps.prefill(1);
    const Seconds service     = r.prefill_step;
    // Fixed point: requests in decode follow from the rate, the rate from the time in decode and before it.
    double running = load.clients / decode_ranks;
    Seconds before = e.front_end + service + units.hand_over;
    for (int i = 0; i < 60; ++i) {
        running               = std::min(running, units.decode_slots);
        r.decode_step         = steps.decode(std::max(1e-3, running));
        const Seconds decode  = rounds * r.decode_step;
        const double capacity = lines / service.base();
        const double rate     = std::min(load.clients / (decode + before).base(), capacity);
        const double busy     = rate / capacity;
        // Waiting in line: M/D/n's, as long as requests are spread; beyond capacity what the clients leave.
        const Seconds random =
            busy < 1 ? std::pow(busy, std::sqrt(2 * (lines + 1))) / (lines * (1 - busy)) / 2 * service
                     : Seconds{1e30};
        const Seconds left = Seconds{load.clients / rate} - decode - e.front_end - service - units.hand_over;
        r.queue            = std::max(Seconds{}, std::min(random, std::max(left, Seconds{})));
        const Seconds next = e.front_end + r.queue + service + units.hand_over;
        before             = 0.5 * (before + next);
        running            = 0.5 * (running + rate * decode.base() / decode_ranks);
    }
    r.running          = running;
    r.own_prefill      = service;
    r.tpot             = r.decode_step / steps.tokens_per_step;
    r.first_wave       = prefilling(steps, load.clients / lines, 1).mean;
    const double share = first_share(load);
    r.ttft             = e.front_end + units.hand_over + share * std::max(r.first_wave, service + r.queue) +
             (1 - share) * (service + r.queue);
    return r;
}

}  // namespace isobath
