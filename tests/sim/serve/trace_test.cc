#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "hw/spec_reader.h"
#include "sim/serve/prefix_cache.h"
#include "sim/serve/sources/trace_source.h"
#include "tests/catch.h"
#include "tests/shared_data.h"

namespace {

using namespace isobath;
using Catch::Contains;

constexpr Ticks kMs = 1'000'000;

std::unique_ptr<TraceSource> trace(const std::string& text, const TraceOptions& options = {}) {
    return std::make_unique<TraceSource>(std::make_unique<std::istringstream>(text), "t.csv", options);
}

struct Row {
    Ticks arrival;
    std::int32_t prompt, answer, cached;
    bool operator==(const Row&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Row& r) {
    return out << r.arrival << ' ' << r.prompt << ' ' << r.answer << ' ' << r.cached;
}

std::vector<Row> rows_of(RequestSource& source) {
    std::vector<Row> out;
    for (Request r; source.next(r);) {
        REQUIRE(r.id == out.size());
        out.push_back({r.arrival, r.prompt, r.answer, r.cached});
    }
    return out;
}

std::vector<Row> rows_of(const std::string& text, const TraceOptions& options = {}) {
    return rows_of(*trace(text, options));
}

const std::string kAzure = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
const std::string kOwn   = "arrival_s,prompt,answer\n";
const std::string kMooncake =
    R"({"timestamp": 0, "input_length": 1000, "output_length": 5, "hash_ids": [0, 1]}
{"timestamp": 27, "input_length": 1500, "output_length": 6, "hash_ids": [0, 1, 2], "other": {"timestamp": 9}}
{"timestamp": 27.5, "input_length": 400, "output_length": 7}
)";

/// What the reader says to a text, whole.
std::string fault_of(const std::string& text) {
    try {
        rows_of(text);
    } catch (const SpecError& e) {
        return e.what();
    }
    return "nothing wrong";
}

}  // namespace

TEST_CASE("a trace of Azure's counts from its first line, in steps of 100 ns", "[sim][serve][trace]") {
    const std::vector<Row> rows{{0, 374, 44, 0}, {4'314'578'900, 396, 109, 0}, {3'600'000'000'000, 5, 6, 0}};
    CHECK(rows_of(kAzure + "2023-12-31 23:15:46.6805900,374,44\n2023-12-31 23:15:50.9951689,396,109\n"
                           "2024-01-01 00:15:46.68059,5,6") == rows);
    // The files of 2024 add a time zone and end their lines otherwise; further columns may stand between.
    CHECK(rows_of("\xEF\xBB\xBFTIMESTAMP,Images,ContextTokens,GeneratedTokens\r\n"
                  "2024-02-28 23:15:46.680590+00:00,1,374,44\r\n\r\n"
                  "2024-02-29 00:45:50.9951689+01:30,0,396,109\r\n"
                  "2024-02-28T19:15:46.68059-05:00,0,5,6\r\n") == rows);
    CHECK(trace(kAzure)->kind() == TraceFormat::Kind::azure);
}

TEST_CASE("a trace of Mooncake's counts in milliseconds from 0", "[sim][serve][trace]") {
    CHECK(rows_of(kMooncake) ==
          std::vector<Row>{{0, 1000, 5, 0}, {27 * kMs, 1500, 6, 0}, {27'500'000, 400, 7, 0}});
    CHECK(trace(kMooncake)->kind() == TraceFormat::Kind::mooncake);
}

TEST_CASE("a trace of our own may name cached tokens, and its columns in any order", "[sim][serve][trace]") {
    CHECK(rows_of(kOwn + "0.5,10,20\n86400.000000001,30,40\n") ==
          std::vector<Row>{{500 * kMs, 10, 20, 0}, {86'400'000'000'001, 30, 40, 0}});
    CHECK(rows_of("answer, cached, prompt, arrival_s\n 1, 8, 9, 0\n2,0,3,1e1\n") ==
          std::vector<Row>{{0, 9, 1, 8}, {10'000 * kMs, 3, 2, 0}});
    CHECK(trace(kOwn)->kind() == TraceFormat::Kind::own);
}

TEST_CASE("names of blocks are alike where everything before them is, and nowhere else",
          "[sim][serve][trace]") {
    const auto source =
        trace(R"({"timestamp": 0, "input_length": 9, "output_length": 5, "hash_ids": [0, 1, 2]}
{"timestamp": 1, "input_length": 9, "output_length": 5, "hash_ids": [0, 1, 3]}
{"timestamp": 2, "input_length": 9, "output_length": 5, "hash_ids": [4, 1, 2]}
)",
              {.repeat = 2});
    std::vector<std::vector<std::uint64_t>> names;
    for (Request r; source->next(r);) names.emplace_back(r.blocks.begin(), r.blocks.end());
    REQUIRE(names.size() == 6);
    CHECK((names[0][0] == names[1][0] && names[0][1] == names[1][1] && names[0][2] != names[1][2]));
    // Block 1 after block 4 is another prefix than block 1 after block 0; so is all of the second pass.
    for (std::size_t i = 0; i < 3; ++i) CHECK((names[2][i] != names[0][i] && names[3][i] != names[0][i]));
    CHECK((names[3][0] == names[4][0] && names[3][2] != names[4][2]));
}

TEST_CASE("a trace is sped up, repeated and limited", "[sim][serve][trace]") {
    const std::string text = kOwn + "1,1,1\n2,2,2\n4,3,3\n";
    const auto arrivals    = [&](const TraceOptions& options) {
        std::vector<double> out;
        for (const Row& r : rows_of(text, options)) out.push_back(static_cast<double>(r.arrival) / 1e9);
        return out;
    };
    CHECK(arrivals({.speed = 4}) == std::vector{0.25, 0.5, 1.0});
    // 3 s from the first to the last and a mean interval of 1.5 s: each pass 4.5 s after the one before.
    CHECK(arrivals({.repeat = 3}) == std::vector{1.0, 2.0, 4.0, 5.5, 6.5, 8.5, 10.0, 11.0, 13.0});
    CHECK(arrivals({.speed = 0.5, .repeat = 2, .limit = 4}) == std::vector{2.0, 4.0, 8.0, 11.0});
    CHECK(arrivals({.limit = 0}).empty());
    CHECK_THROWS_WITH(trace(text, {.speed = 0}), Contains("speed 0"));
    CHECK_THROWS_WITH(trace(text, {.repeat = 0}), Contains("repeat 0"));
    CHECK(arrivals({.repeat = 2}) == [&] {
        std::vector<double> out;  // a Mooncake trace goes back to its first line, too
        for (const Row& r : rows_of("{\"timestamp\":1000,\"input_length\":1,\"output_length\":1}\n"
                                    "{\"timestamp\":2000,\"input_length\":2,\"output_length\":1}\n"
                                    "{\"timestamp\":4000,\"input_length\":3,\"output_length\":1}",
                                    {.repeat = 2}))
            out.push_back(static_cast<double>(r.arrival) / 1e9);
        return out;
    }());
}

TEST_CASE("what is wrong with a trace is said with its line and with what is allowed",
          "[sim][serve][trace]") {
    CHECK(fault_of(kOwn + "1,2,3\n5,2,3\n4,2,3\n") ==
          "t.csv:4: arrival before the line above: \"4,2,3\"; allowed: lines in order of arrival");
    CHECK(fault_of(kOwn + "1,-2,3\n") ==
          "t.csv:2: prompt tokens: \"-2\"; allowed: whole numbers from 1 to 10,000,000");
    CHECK(fault_of(kOwn + "1,1000000000,3\n") ==
          "t.csv:2: prompt tokens: \"1000000000\"; allowed: whole numbers from 1 to 10,000,000");
    CHECK(fault_of(kOwn + "1,2,0\n") ==
          "t.csv:2: answer tokens: \"0\"; allowed: whole numbers from 1 to 10,000,000");
    CHECK(fault_of(kOwn + "1,2,3.5\n") ==
          "t.csv:2: answer tokens: \"3.5\"; allowed: whole numbers from 1 to 10,000,000");
    CHECK(fault_of(kOwn + "1,2\n") ==
          "t.csv:2: number of fields: \"1,2\"; allowed: as many as in the first line");
    CHECK(fault_of(kOwn + "-1,2,3\n") == "t.csv:2: arrival_s: \"-1\"; allowed: seconds from 0 to 9e9");
    CHECK(fault_of(kOwn + "nan,2,3\n") == "t.csv:2: arrival_s: \"nan\"; allowed: seconds from 0 to 9e9");
    CHECK(fault_of("arrival_s,prompt,answer,cached\n1,2,3,4\n") ==
          "t.csv:2: cached tokens: \"4\"; allowed: whole numbers from 0 to the prompt's");
    for (const char* time :
         {"yesterday", "2023-02-29 00:00:00", "2023-11-16 24:00:00", "2023-11-16 18:17:03.",
          "2023-11-16 18:17:03.1234567890", "2023-11-16 18:17:03x", "1023-11-16 18:17:03"})
        CHECK(fault_of(kAzure + time + ",1,2\n") ==
              "t.csv:2: time: \"" + std::string(time) + "\"; allowed: such as 2023-11-16 18:17:03.97996");
}

TEST_CASE("bytes that are no text are shown escaped, and long lines cut", "[sim][serve][trace]") {
    using namespace std::string_literals;
    CHECK_THAT(fault_of(kOwn + "1,2\0"s + ",3\n"), Contains("prompt tokens: \"2\\x00\""));
    CHECK_THAT(fault_of("\0\0\0\n"s), Contains("t.csv:1: first line \"\\x00\\x00\\x00\"; allowed are"));
    CHECK(fault_of(std::string(100'000, 'x')).size() < 400);
    const std::string long_line(3'000'000, '1');
    CHECK_THAT(fault_of(kOwn + "1,2,3\n" + long_line + "\n"),
               Contains("t.csv:3: line: ") && Contains("at most 1,048,576 bytes"));
    CHECK(rows_of(kOwn + "1,2,3\n" + long_line + "\n4,5,6\n" + long_line, {.skip_bad = true}) ==
          std::vector<Row>{{1000 * kMs, 2, 3, 0}, {4000 * kMs, 5, 6, 0}});
}

TEST_CASE("a file that is no trace is refused with the kinds there are", "[sim][serve][trace]") {
    for (const char* text : {"a,b,c\n1,2,3\n", "arrival_s,prompt\n", "arrival_s,prompt,answer,speed\n",
                             "arrival_s,prompt,answer,answer\n", "TIMESTAMP,ContextTokens\n", "[1,2]\n"})
        CHECK_THAT(fault_of(text), Contains("t.csv:1: first line \"") && Contains("(Azure)") &&
                                       Contains("(Mooncake)") && Contains("arrival_s,prompt,answer"));
    CHECK(fault_of("") == "t.csv: is empty; allowed is a trace of requests");
    CHECK(fault_of("\xEF\xBB\xBF\r\n \n") == "t.csv: is empty; allowed is a trace of requests");
    CHECK(fault_of(kAzure) == "t.csv: has no request; allowed is a trace of requests");
    CHECK_THROWS_WITH(TraceSource("no/such/file"), Contains("no/such/file: cannot be read"));
    CHECK_THROWS_WITH(TraceSource(std::filesystem::temp_directory_path()), Contains("cannot be read"));
}

TEST_CASE("Mooncake lines that are cut short or hold other things are refused", "[sim][serve][trace]") {
    const auto after = [](const std::string& line) { return fault_of(kMooncake + line); };
    CHECK_THAT(after(R"({"timestamp": 50, "input_length": 10, "output_len)"),
               Contains("t.csv:4: line: ") && Contains("allowed: one whole JSON object"));
    CHECK_THAT(after(R"({"timestamp": 50, "input_length": 10, "output_length": 1} {})"),
               Contains("whole JSON"));
    CHECK_THAT(after(R"({"input_length": 10, "output_length": 1})"), Contains("timestamp: "));
    CHECK_THAT(after(R"({"timestamp": -1, "input_length": 10, "output_length": 1})"),
               Contains("timestamp: "));
    CHECK_THAT(after(R"({"timestamp": 50, "input_length": "10", "output_length": 1})"),
               Contains("prompt tokens"));
    CHECK_THAT(after(R"({"timestamp": 50, "input_length": 1e9, "output_length": 1})"),
               Contains("prompt tokens"));
    CHECK_THAT(after(R"({"timestamp": 50, "input_length": 10, "output_length": 0})"),
               Contains("answer tokens"));
    for (const char* ids : {"7", "[1.5]", "[\"a\"]", "[[1]]", "{\"a\":1}", "null"})
        CHECK_THAT(after(R"({"timestamp": 50, "input_length": 10, "output_length": 1, "hash_ids": )" +
                         std::string(ids) + "}"),
                   Contains("hash_ids: "));
    CHECK_THAT(after(std::string(100'000, '[')), Contains("whole JSON"));
    CHECK_THAT(after("[1, 2]"), Contains("timestamp: "));
    CHECK_THAT(after("\xFF"), Contains("whole JSON"));
}

TEST_CASE("lines that cannot be read are skipped and counted by reason where that is asked for",
          "[sim][serve][trace]") {
    const auto source = trace(kOwn + "5,1,1\n4,1,1\n6,0,1\n7,1\n8,1,1\n1,1,1\n9,x,1\n10,2,2",
                              {.repeat = 2, .skip_bad = true});
    CHECK(rows_of(*source) == std::vector<Row>{{5000 * kMs, 1, 1, 0},
                                               {8000 * kMs, 1, 1, 0},
                                               {10'000 * kMs, 2, 2, 0},
                                               {12'500 * kMs, 1, 1, 0},
                                               {15'500 * kMs, 1, 1, 0},
                                               {17'500 * kMs, 2, 2, 0}});
    // Two before the line above, two without a prompt, one with two fields; the second pass counts no more.
    const auto& skipped = source->skipped();
    REQUIRE(skipped.size() == 3);
    CHECK((skipped[0].what == "arrival before the line above" && skipped[0].lines == 2 &&
           skipped[0].first_line == 3));
    CHECK((skipped[1].what == "prompt tokens" && skipped[1].lines == 2 && skipped[1].first_line == 4));
    CHECK((skipped[2].what == "number of fields" && skipped[2].lines == 1 && skipped[2].first_line == 5));
    CHECK_THROWS_WITH(rows_of(kOwn + "x\n", {.skip_bad = true}), Contains("has no request"));
}

TEST_CASE("lines longer than what is read at once are whole", "[sim][serve][trace]") {
    // 100,000 ids make a line of 700 kB, over ten times what is read at once.
    std::string text;
    for (int line = 0; line < 9; ++line) {
        text += R"({"timestamp": 1, "input_length": )" + std::to_string(1000 + line) +
                R"(, "output_length": 1, "hash_ids": [0)";
        for (int i = 0; i < 100'000; ++i) text += ", " + std::to_string(10'000 + i);
        text += "]}\n";
    }
    const auto source = trace(text);
    int line          = 0;
    for (Request r; source->next(r); ++line) {
        REQUIRE(r.prompt == 1000 + line);
        REQUIRE(r.blocks.size() == 100'001);
    }
    CHECK(line == 9);
}

namespace {

struct Totals {
    std::uint64_t requests = 0, prompt = 0, answer = 0;
    Ticks last = 0;
};

Totals totals(const std::filesystem::path& file) {
    TraceSource source(file);
    Totals t;
    for (Request r; source.next(r); t.last = r.arrival) {
        ++t.requests;
        t.prompt += static_cast<std::uint64_t>(r.prompt);
        t.answer += static_cast<std::uint64_t>(r.answer);
    }
    return t;
}

std::int64_t hits(const std::filesystem::path& file, std::int64_t blocks,
                  std::shared_ptr<BlockLru> disk = nullptr) {
    TraceSource source(file);
    PrefixCache cache(blocks, std::move(disk));
    std::int64_t found = 0;
    for (Request r; source.next(r); cache.insert(r.blocks)) {
        const PrefixCache::Hit hit = cache.lookup(r.blocks);
        found += hit.memory + hit.disk;
    }
    return found;
}

}  // namespace

TEST_CASE("the public traces are read to the last line", "[sim][serve][trace][shared]") {
    const auto folder = test::shared_data("traces");
    if (folder.empty()) return;
    // Sums of the columns by another program, in Python; time from the first line to the last.
    const Totals conv = totals(folder / "azure/AzureLLMInferenceTrace_conv.csv");
    CHECK((conv.requests == 19'366 && conv.prompt == 22'361'870 && conv.answer == 4'088'665));
    CHECK(conv.last == 3'501'721'937'000);
    const Totals code = totals(folder / "azure/AzureLLMInferenceTrace_code.csv");
    CHECK((code.requests == 8'819 && code.prompt == 18'059'974 && code.answer == 245'896));
    CHECK(code.last == 3'435'948'056'000);
    const Totals talk = totals(folder / "mooncake/conversation_trace.jsonl");
    CHECK((talk.requests == 12'031 && talk.prompt == 144'793'823 && talk.answer == 4'122'048));
    CHECK(talk.last == 3'536'999 * kMs);
}

TEST_CASE("the prefix hits of the Mooncake conversations are those of an exhaustive count",
          "[sim][serve][trace][shared]") {
    const auto folder = test::shared_data("traces");
    if (folder.empty()) return;
    // Blocks of 512 tokens, each prompt kept once it has been looked up. By another program, on an ordered
    // dictionary in Python: of 288,500 blocks 105,710 have come before; a cache of 10 million tokens, 19,531
    // blocks, finds 82,273; one of a million 15,370.
    const auto file = folder / "mooncake/conversation_trace.jsonl";
    CHECK(hits(file, std::int64_t{1} << 40) == 105'710);
    CHECK(hits(file, 10'000'000 / 512) == 82'273);
    CHECK(hits(file, 1'000'000 / 512) == 15'370);
    // What one of a million drops, a disk of 9 million more behind it finds: as much as the two together, but
    // for blocks that lie in both.
    const auto disk = std::make_shared<BlockLru>(9'000'000 / 512);
    const auto both = hits(file, 1'000'000 / 512, disk);
    CHECK((both > 75'000 && both <= 82'273));
}
