#include "sim/serve/engine/arrivals.h"

namespace isobath::engine {

Arrivals::Arrivals(const ServeSetup& setup, RequestSource& source)
    : setup_(setup), source_(source), listens_(source.listens()) {
    look();
}

void Arrivals::set(Ticks arrival) {
    const bool late = arrival == kNoTicks || (setup_.stop > 0 && arrival > setup_.stop);
    next_           = late ? kNoTicks : arrival + before_of(setup_);
}

void Arrivals::look() {
    if (listens_) return set(source_.due());
    set(source_.next(request_) ? request_.arrival : kNoTicks);
}

const Request& Arrivals::request() {
    if (listens_) source_.next(request_);
    return request_;
}

void Arrivals::answered(Ticks time) {
    if (!listens_) return;
    source_.answered(time);
    set(source_.due());
}

Served served_of(const Request& request, const ServeSetup& setup) {
    Served served;
    served.id          = request.id;
    served.arrival     = request.arrival;
    served.reached     = request.arrival + before_of(setup);
    served.prompt      = request.prompt;
    served.answer      = request.answer;
    served.said_cached = request.cached;
    return served;
}

bool fits_ever(const Request& request, const ServeSetup& setup) {
    const std::int64_t prompt = request.prompt, all = prompt + request.answer;
    const UnitSpec& first = setup.first.unit;
    if (first.role != UnitRole::prefill) return all <= first.cache_tokens;
    return prompt <= first.cache_tokens && (request.answer == 1 || all <= setup.second.unit.cache_tokens);
}

}  // namespace isobath::engine
