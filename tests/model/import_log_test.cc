#include "model/acceptance/import_log.h"

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

const std::string kVllm =
    "INFO 05-21 21:11:56 [metrics.py:101] SpecDecoding metrics: Mean acceptance length: 2.50, Accepted "
    "throughput: 3.87 "
    "tokens/s, Drafted throughput: 5.72 tokens/s, Accepted: 150 tokens, Drafted: 200 tokens, Per-position "
    "acceptance "
    "rate: 0.900, 0.600, Avg Draft acceptance rate: 75.0%\n";

AcceptanceFile curve(const std::string& text, int depth = 0) {
    return curve_of(read_draft_counts(text, "x.log"), depth, "x.log");
}

std::string said(const std::string& text, int depth = 0) {
    try {
        curve(text, depth);
    } catch (const SpecError& e) {
        return e.what();
    }
    return "nothing";
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("import: vLLM's log lines weigh by what they drafted", "[model][acceptance]") {
    // 100 steps of 0.9, 0.6 and 300 of 0.8, 0.5: (90 + 240) / 400 = 0.825; (60 + 150) / 400 = 0.525.
    const std::string second =
        changed(changed(kVllm, "0.900, 0.600", "0.800, 0.500"), "Drafted: 200", "Drafted: 600");
    const AcceptanceFile f = curve("starting\n" + kVllm + "other\n" + second);
    REQUIRE(f.curve.depth() == 2);
    CHECK(f.curve.survival[0] == Approx(0.825));
    CHECK(f.curve.survival[1] == Approx(0.525));
    CHECK(f.curve.low[0] < 0.825);
    CHECK(f.curve.high[1] > 0.525);
    CHECK_FALSE(f.curve.derived);
}

TEST_CASE("import: an idle window of nan is passed over, one of nan with drafts is not",
          "[model][acceptance]") {
    const std::string nan = changed(kVllm, "0.900, 0.600", "nan, nan");
    CHECK(curve(kVllm + changed(nan, "Drafted: 200", "Drafted: 0")).curve.survival[0] == Approx(0.9));
    CHECK(said(nan) == "x.log:1: Per-position acceptance rate is \"nan\", no finite number");
}

TEST_CASE("import: Wilson's interval of 80 in 100 at 80 % is 0.745 to 0.845", "[model][acceptance]") {
    // z = 1.2816: centre (0.8 + 0.00821) / 1.01642 = 0.7951; reach 1.2816 sqrt(0.0016 + 0.00004106) / 1.01642
    // = 0.0511.
    const Interval01 i = wilson(80, 100);
    CHECK(i.low == Approx(0.7440).margin(5e-4));
    CHECK(i.high == Approx(0.8462).margin(5e-4));
    CHECK(wilson(0, 10).low == 0);
    CHECK(wilson(10, 10).high == Approx(1));
}

TEST_CASE("import: vLLM's counters give the curve, whatever else is scraped", "[model][acceptance]") {
    const std::string scrape =
        "# TYPE vllm:spec_decode_num_drafts counter\n"
        "vllm:spec_decode_num_drafts_total{engine=\"0\",model_name=\"m\"} 1000.0\n"
        "vllm:spec_decode_num_draft_tokens_total{engine=\"0\",model_name=\"m\"} 2000.0\n"
        "vllm:spec_decode_num_accepted_tokens_total{engine=\"0\",model_name=\"m\"} 1300.0\n"
        "vllm:spec_decode_num_accepted_tokens_per_pos_total{engine=\"0\",model_name=\"m\",position=\"0\"} "
        "800.0\n"
        "vllm:spec_decode_num_accepted_tokens_per_pos_total{engine=\"0\",model_name=\"m\",position=\"1\"} "
        "500.0\n"
        "vllm:num_requests_running{engine=\"0\"} 3.0\n";
    const AcceptanceFile f = curve(scrape);
    CHECK(f.curve.survival == std::vector<double>{0.8, 0.5});
    CHECK(said(changed(scrape, "} 800.0", "} 1800.0")) ==
          "x.log:6: an acceptance rate of 1.8; allowed: 0 to 1");
    CHECK(said(changed(scrape, "} 500.0", "} 900.0")) ==
          "x.log:6: acceptance rises with depth, 0.9 after 0.8: these are not rates of a whole prefix");
    CHECK(said(changed(scrape, "} 1000.0", "} 0.0")) ==
          "x.log:6: vllm:spec_decode_num_drafts is missing or 0");
    CHECK(said(changed(scrape, "\"0\"} 800", "\"2\"} 800")) ==
          "x.log:6: position 0 of vllm:spec_decode_num_accepted_tokens_per_pos is missing");
}

TEST_CASE(
    "import: SGLang says a length, so the curve is one chance and its interval every curve of that length",
    "[model][acceptance]") {
    const std::string line =
        "[2025-06-01 10:00:00 TP0] Decode batch. #running-req: 4, #token: 8000, token usage: 0.05, accept "
        "len: 2.44, "
        "cuda graph: True, gen throughput (token/s): 400.00, #queue-req: 0\n";
    // 1 + a + a^2 = 2.44 at a = 0.8; S_2 is at most 1.44 / 2 and at least 0.44.
    const AcceptanceFile f = curve(line, 2);
    CHECK(f.curve.survival[0] == Approx(0.8).epsilon(1e-6));
    CHECK(f.curve.survival[1] == Approx(0.64).epsilon(1e-6));
    CHECK(f.curve.low[1] == Approx(0.44));
    CHECK(f.curve.high[1] == Approx(0.72));
    CHECK(f.curve.derived);
    CHECK(said(line) == "x.log: SGLang log says a mean length only; give the drafts per step with --depth");
    CHECK(said(line, 1) == "x.log: 1.440 drafts accepted per step, but 1 are drafted");
    CHECK(curve(changed(line, "2.44, ", "2.44, accept rate: 0.72, ")).curve.depth() == 2);  // 1.44 / 0.72
    CHECK(said(changed(line, "2.44", "0.44"), 2) ==
          "x.log:1: accept len 0.44; it counts the target's own token, so 1 is the least");
    CHECK(said(line.substr(0, line.find("2.44")), 2) == "x.log:1: cut off where accept len should stand");
}

TEST_CASE("import: TensorRT-LLM's statistics give depth and mean", "[model][acceptance]") {
    const std::string row =
        R"({"iter": 7, "specDecodingStats": {"numDraftTokens": 12, "numAcceptedTokens": 6, "numRequestsWithDraftTokens": 4, "acceptanceLength": 2.5}})";
    const AcceptanceFile f = curve(R"({"iter": 6, "specDecodingStats": null})"
                                   "\n" +
                                   row + "\n");
    CHECK(f.curve.depth() == 3);
    CHECK(tokens_per_step(f.curve.survival) == Approx(2.5).epsilon(1e-6));
    CHECK(said(changed(row, "\"numAcceptedTokens\": 6", "\"numAcceptedTokens\": 13")) ==
          "x.log:1: 13 of 12 drafted tokens accepted; a rate above 1");
    CHECK(said(row.substr(0, 60)) == "x.log:1: no whole JSON object: cut off?");
}

TEST_CASE("import: a log that is wrong is refused by its line", "[model][acceptance]") {
    CHECK(said("\n" + changed(kVllm, "0.900", "1.900")) ==
          "x.log:2: an acceptance rate of 1.9; allowed: 0 to 1");
    CHECK(said(changed(kVllm, "0.900", "0.500")) ==
          "x.log:1: acceptance rises with depth, 0.6 after 0.5: these are not rates of a whole prefix");
    CHECK(said(kVllm.substr(0, kVllm.find("Per-position"))) ==
          "x.log:1: SpecDecoding metrics without per-position acceptance rates: cut off, or an unknown "
          "version");
    CHECK(said(kVllm.substr(0, kVllm.find(" 0.600"))) ==
          "x.log:1: cut off inside the list of per-position acceptance rates");
    CHECK(said(kVllm + changed(kVllm, "0.900, 0.600", "0.900")) ==
          "x.log:2: fewer positions than lines before; one file, one setting");
    CHECK(said("nothing here\n").find("x.log: no speculation found in 1 lines") == 0);
    CHECK(said("").find("no speculation found") != std::string::npos);
}
