#include <limits>
#include <map>
#include <numeric>

#include "hw/spec_reader.h"
#include "sim/serve/sources/loop_source.h"
#include "sim/serve/sources/open_sources.h"
#include "sim/serve/sources/session_source.h"
#include "tests/catch.h"
#include "tests/sim/serve/goodness.h"

namespace {

using namespace isobath;
using namespace isobath::test;
using Catch::Contains;

constexpr Ticks kSecond = 1'000'000'000;

Asks asks(std::uint64_t requests, std::uint64_t seed = 1) {
    static const LengthLaws lengths{LengthLaw::log_normal(1000, 1), LengthLaw::uniform(1, 500), {}};
    return {.lengths = lengths, .requests = requests, .seed = seed};
}

std::vector<Request> all_of(RequestSource& source) {
    std::vector<Request> out;
    for (Request r; source.next(r);) out.push_back(r);
    return out;
}

/// Times between requests, in seconds.
std::vector<double> gaps(const std::vector<Request>& requests) {
    std::vector<double> out;
    Ticks last = 0;
    for (const Request& r : requests) {
        out.push_back(static_cast<double>(r.arrival - last) / 1e9);
        last = r.arrival;
    }
    return out;
}

/// Numbered from 0, in order, with tokens to compute.
void well_formed(const std::vector<Request>& requests) {
    Ticks last = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const Request& r = requests[i];
        REQUIRE((r.id == i && r.arrival >= last && r.prompt >= 1 && r.answer >= 1));
        REQUIRE((r.cached >= 0 && r.cached <= r.prompt));
        last = r.arrival;
    }
}

bool same(const std::vector<Request>& a, const std::vector<Request>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Request& x, const Request& y) {
        return x.arrival == y.arrival && x.prompt == y.prompt && x.answer == y.answer && x.cached == y.cached;
    });
}

}  // namespace

TEST_CASE("independent users come at exponential times", "[sim][serve][source]") {
    const auto requests = all_of(*poisson_source(20, asks(50'000)));
    well_formed(requests);
    CHECK(requests.size() == 50'000);
    CHECK(kolmogorov(gaps(requests), [](double x) { return -std::expm1(-20 * x); }) < 1.95);
}

TEST_CASE("gamma arrivals have the rate and the cv asked for, even or in bursts", "[sim][serve][source]") {
    for (const double cv : {0.3, 1.0, 3.0}) {
        const auto requests = all_of(*gamma_source(5, cv, asks(100'000)));
        well_formed(requests);
        const Moments m = moments(gaps(requests));
        CHECK(m.mean == Approx(0.2).margin(4 * 0.2 * cv / std::sqrt(1e5)));
        CHECK(std::sqrt(m.variance) / m.mean == Approx(cv).epsilon(0.03));
    }
    // cv 0.5 is the time to the fourth of independent users' arrivals at four times the rate.
    CHECK(kolmogorov(gaps(all_of(*gamma_source(5, 0.5, asks(50'000)))), [](double x) {
              const double y = 20 * x;
              return 1 - std::exp(-y) * (1 + y + y * y / 2 + y * y * y / 6);
          }) < 1.95);
}

TEST_CASE("a profile's rate is linear between its points and from the last one to the first",
          "[sim][serve][source]") {
    // From 10 s at 4/s up to 30 s at 8/s, then down through the wrap at 100 s to 110 s: 8 - 4 (t - 30) / 80.
    const RateProfile profile({{10, 4}, {30, 8}}, 100);
    CHECK(profile.at(20) == Approx(6));
    CHECK(profile.at(70) == Approx(6));
    CHECK(profile.at(0) == Approx(4.5));
    CHECK(profile.at(105) == Approx(4.25));
    CHECK(profile.per_period() == Approx(600));  // the mean of both legs is 6
    CHECK(RateProfile({{0, 3}}, 50).per_period() == Approx(150));
    CHECK(RateProfile({{0, 0}, {5, 0}, {5, 2}, {10, 2}}, 10).per_period() == Approx(10));  // a step
}

TEST_CASE("arrivals of a daily profile are a Poisson process of that rate, exactly", "[sim][serve][source]") {
    // Time changed to the area under the rate, that of a Poisson process of rate 1 is left: gaps between the
    // areas at which requests come are exponential.
    const std::vector<RatePoint> points{{0, 0},      {6'000, 0},  {20'000, 5},
                                        {20'000, 2}, {50'000, 9}, {80'000, 0.5}};
    const RateProfile profile(points);
    const auto requests = all_of(*profile_source(profile, asks(900'000, 3)));
    well_formed(requests);
    // The area up to t, by the trapezes between the points; the last leg falls from 0.5 to 0 at midnight.
    const auto area = [&](double t) {
        const double days = std::floor(t / 86'400), in_day = t - days * 86'400;
        double sum = days * profile.per_period();
        for (std::size_t i = 0; i < points.size(); ++i) {
            const RatePoint from = points[i],
                            to   = i + 1 < points.size() ? points[i + 1] : RatePoint{86'400, 0};
            const double length  = std::clamp(in_day - from.at, 0.0, to.at - from.at);
            if (length > 0)
                sum += length * (from.rate + (to.rate - from.rate) * length / (to.at - from.at) / 2);
        }
        return sum;
    };
    CHECK(area(86'400) == Approx(profile.per_period()));
    std::vector<double> steps;
    double last = 0;
    for (const Request& r : requests) {
        const double here = area(static_cast<double>(r.arrival) / 1e9);
        steps.push_back(here - last);
        last              = here;
        const auto second = static_cast<double>(r.arrival % (86'400 * kSecond)) / 1e9;
        REQUIRE(second >= 6'000 - 1e-6);  // nobody comes at a rate of 0
    }
    CHECK(last / profile.per_period() > 2);  // some days have passed
    CHECK(kolmogorov(steps, [](double x) { return -std::expm1(-x); }) < 1.95);
}

TEST_CASE("the token-weighted share of cached tokens is the one asked for, whatever its spread",
          "[sim][serve][source]") {
    for (const double spread : {0.0, 0.5, 1.0})
        for (const double mean : {0.05, 0.563, 1.0}) {
            Asks mine     = asks(60'000);
            mine.cached   = {mean, spread};
            double cached = 0, prompt = 0, squares = 0;
            const auto requests = all_of(*poisson_source(1, mine));
            well_formed(requests);
            for (const Request& r : requests) {
                cached += r.cached;
                prompt += r.prompt;
                squares += double(r.prompt) * r.prompt;
            }
            // Given the prompts the share's standard deviation is reach / sqrt(3), and 1/2 token of rounding.
            const double reach = spread * std::min(mean, 1 - mean);
            const double error = std::sqrt(squares * reach * reach / 3 + 60'000 * 0.25) / prompt;
            CHECK(std::abs(cached / prompt - mean) <= 4 * error);
        }
}

TEST_CASE("a request is the same whichever law brings it, and another with another seed",
          "[sim][serve][source]") {
    const auto one = all_of(*poisson_source(20, asks(1000))), again = all_of(*poisson_source(20, asks(1000)));
    CHECK(same(one, again));
    CHECK_FALSE(same(one, all_of(*poisson_source(20, asks(1000, 2)))));
    const auto even = all_of(*gamma_source(1, 0.1, asks(1000)));
    for (std::size_t i = 0; i < 1000; ++i)
        CHECK((one[i].prompt == even[i].prompt && one[i].answer == even[i].answer));
}

TEST_CASE("a source ends at its time and at its number of requests", "[sim][serve][source]") {
    Asks mine  = asks(1000);
    mine.until = 10 * kSecond;
    auto until = all_of(*poisson_source(20, mine));
    CHECK(until.size() == Approx(200).margin(4 * std::sqrt(200)));
    CHECK(until.back().arrival < 10 * kSecond);
    mine.requests = 0;
    CHECK(all_of(*poisson_source(20, mine)).empty());
    // 1e-9 requests per second: the first comes after 30 years, the tenth hardly before 285, which is the
    // end.
    CHECK(all_of(*poisson_source(1e-9, asks(1000))).size() < 30);
}

TEST_CASE("sources refuse numbers that make no sense, in words", "[sim][serve][source]") {
    CHECK_THROWS_WITH(poisson_source(0, asks(1)), Contains("a rate per second of 0"));
    CHECK_THROWS_AS(poisson_source(std::nan(""), asks(1)), SpecError);
    CHECK_THROWS_WITH(gamma_source(1, -1, asks(1)), Contains("a cv"));
    CHECK_THROWS_WITH(RateProfile({{5, 1}, {4, 1}}), Contains("in order"));
    CHECK_THROWS_WITH(RateProfile({{5, 0}, {6, 0}}), Contains("above 0"));
    CHECK_THROWS_AS(RateProfile({}), SpecError);
    CHECK_THROWS_AS(RateProfile({{0, -1}}), SpecError);
    CHECK_THROWS_AS(RateProfile({{100'000, 1}}), SpecError);
    Asks shared   = asks(1);
    shared.cached = {1.2, 0};
    CHECK_THROWS_WITH(poisson_source(1, shared), Contains("cached tokens of 1.2"));
    CHECK_THROWS_WITH(LoopSource({.clients = 0}, asks(1)), Contains("0 clients"));
    CHECK_THROWS_AS(LoopSource({.think = -1}, asks(1)), SpecError);
    CHECK_THROWS_AS(SessionSource({.per_second = 0}, asks(1)), SpecError);
}

TEST_CASE("a closed loop never has more requests on their way than clients, and asks all of them",
          "[sim][serve][source]") {
    LoopSource source({.clients = 8, .requests_per_client = 2.5}, asks(~0ULL));
    CHECK(source.listens());
    int open = 0, asked = 0;
    std::vector<Request> requests;
    for (Ticks now = 0; asked < 20; now += kSecond) {
        for (Request r; source.due() <= now && source.next(r); ++open, ++asked) {
            CHECK(r.arrival == (asked < 8 ? 0 : now));  // all at once, then one for each answer
            requests.push_back(r);
        }
        REQUIRE((open > 0 && open <= 8));
        for (int ends = 1 + asked % 3; ends > 0 && open > 0; --ends, --open) source.answered(now + kSecond);
    }
    well_formed(requests);
    Request r;
    CHECK_FALSE(source.next(r));
    CHECK(source.due() == kNoTicks);
}

TEST_CASE("an answer brings a closed loop's next request forward, when others start late",
          "[sim][serve][source]") {
    // Two clients start at 0 and 50 s; the first is answered at 4 s and thinks for 2 s.
    LoopSource source({.clients = 2, .start = 100 * kSecond, .think = 2 * kSecond}, asks(~0ULL));
    Request r;
    CHECK(source.due() == 0);
    REQUIRE(source.next(r));
    CHECK(source.due() == 50 * kSecond);
    source.answered(4 * kSecond);
    CHECK(source.due() == 6 * kSecond);
    REQUIRE(source.next(r));
    CHECK((r.id == 1 && r.arrival == 6 * kSecond));
}

TEST_CASE("think times that vary are exponential", "[sim][serve][source]") {
    LoopSource source({.clients = 1, .requests_per_client = 1e9, .think = kSecond, .think_varies = true},
                      asks(~0ULL));
    std::vector<double> thought;
    Request r;
    Ticks answer = 0;
    source.next(r);
    for (int i = 0; i < 20'000; ++i) {
        source.answered(answer = r.arrival + kSecond);
        REQUIRE(source.next(r));
        thought.push_back(static_cast<double>(r.arrival - answer) / 1e9);
    }
    CHECK(kolmogorov(thought, [](double x) { return -std::expm1(-x); }) < 1.95);
}

TEST_CASE("a session's prompts begin with all that was said before, and name it", "[sim][serve][source]") {
    SessionSource source(
        {.per_second = 2, .turns = LengthLaw::fixed(3), .system_tokens = 1000, .block_tokens = 64},
        {.lengths = {LengthLaw::fixed(200), LengthLaw::fixed(100), {}}, .requests = 3000});
    std::map<std::uint64_t, std::vector<std::uint64_t>> longest;  // by the first name that is a session's own
    std::map<std::size_t, int> turns;                             // prompts by their length
    std::uint64_t first_name = 0;
    Ticks last               = 0;
    for (Request r; source.next(r);) {
        REQUIRE(r.arrival >= last);
        last = r.arrival;
        // Turn k: 1000 + 200 + (k - 1) * 300 tokens.
        REQUIRE((r.prompt == 1200 || r.prompt == 1500 || r.prompt == 1800));
        REQUIRE(r.blocks.size() == static_cast<std::size_t>(r.prompt / 64));
        ++turns[static_cast<std::size_t>(r.prompt)];
        if (r.id == 0) first_name = r.blocks[0];
        REQUIRE(r.blocks[0] == first_name);  // 15 whole blocks of the system prompt are everybody's
        auto& known = longest[r.blocks[15]];
        REQUIRE(std::equal(known.begin(), known.end(), r.blocks.begin()));
        REQUIRE(known.empty() == (r.prompt == 1200));  // and no two sessions share more
        known.assign(r.blocks.begin(), r.blocks.end());
    }
    // Sessions begin at 2/s and think for 30 s: about 60 of 1000 are between two turns at the end.
    CHECK((turns[1200] > 1000 && turns[1200] < 1200 && turns[1800] > 850));
}

TEST_CASE("a session ends before its context is longer than allowed", "[sim][serve][source]") {
    SessionSource source({.per_second = 1, .turns = LengthLaw::fixed(100), .most_context = 1000},
                         {.lengths = {LengthLaw::fixed(200), LengthLaw::fixed(100), {}}, .requests = 2000});
    std::int32_t most = 0;
    for (Request r; source.next(r);) most = std::max(most, r.prompt);
    CHECK(most == 1100);  // 200 + 3 * 300: a context of 900 is carried on, one of 1200 is not
}
