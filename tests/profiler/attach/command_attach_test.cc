#include "profiler/attach/command_attach.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "profiler/attach/child_files.h"
#include "profiler/attach/options.h"
#include "profiler/attach/run_command.h"
#include "profiler/attach/summary.h"
#include "tests/catch.h"
#include "tests/temporary_folder.h"

using namespace isobath;
using namespace isobath::attach;
namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

int attach_words(Words words) {
    words.insert(words.begin(), "attach");
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    return command_attach(static_cast<int>(pointers.size()), pointers.data());
}

RecordedKernels recording(const std::string& kernel, double us) {
    RecordedKernels out;
    out.device.name     = "NVIDIA H100 80GB HBM3";
    out.device.sm_count = 132;
    out.program         = "x";
    out.cost.records    = 1;
    RecordedKernel one{{kernel, {1, 1, 1}, {1, 1, 1}}, {}};
    one.times.add(us * unit::us);
    out.kernels = {one};
    RecordedRange range{{{KernelKind::rms_norm, "bf16", {64, 7168}}, "torch-2.8"}, {}, {kernel}};
    range.times.add(us * unit::us);
    out.ranges = {range};
    return out;
}

}  // namespace

TEST_CASE("attach: options end where the command begins", "[profiler][attach]") {
    const Options out =
        parse_options(Words{"-o", "x.json", "--ranges-only", "--steps", "10", "python", "-o", "y"});
    CHECK(out.wishes == Wishes{"x.json", true, 10});
    CHECK(out.command == Words{"python", "-o", "y"});
    CHECK(parse_options(Words{"--rows", "r.jsonl", "--", "--odd"}).command == Words{"--odd"});
    CHECK(parse_options(Words{"--help"}).help);
    CHECK_THROWS_WITH(parse_options(Words{}), "COMMAND is missing; see --help");
    CHECK_THROWS_WITH(parse_options(Words{"-o"}), "-o needs a value; see --help");
    CHECK_THROWS_WITH(parse_options(Words{"--steps", "0", "x"}), "--steps 0: need a number above 0");
    CHECK_THROWS_WITH(parse_options(Words{"--rangesonly", "x"}),
                      Catch::Contains("no such option; allowed: -o"));
}

TEST_CASE("attach: the exit code is the command's own", "[profiler][attach]") {
    CHECK(run_command(Words{"sh", "-c", "exit 0"}, {}) == 0);
    CHECK(run_command(Words{"sh", "-c", "exit 42"}, {}) == 42);
    CHECK(run_command(Words{"sh", "-c", "kill -TERM $$"}, {}) == 128 + SIGTERM);
    CHECK(run_command(Words{"/nonexistent/program"}, {}) == 127);
    CHECK(run_command(Words{"/"}, {}) == 126);
    CHECK(run_command(Words{"sh", "-c", "test \"$GIVEN\" = yes"}, {{"GIVEN", "yes"}}) == 0);
}

TEST_CASE("attach: Ctrl-C is the command's alone, and SIGTERM is passed on to it", "[profiler][attach]") {
    const pid_t child = fork();
    if (child == 0) {  // as from a terminal: the signal reaches both
        setpgid(0, 0);
        _exit(run_command(Words{"sh", "-c", "trap 'exit 7' INT; kill -INT 0; sleep 5"}, {}));
    }
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);

    const TemporaryFolder folder;
    const std::string ready = folder / "ready";
    const pid_t other       = fork();
    if (other == 0)
        _exit(run_command(
            Words{"sh", "-c", "trap 'exit 8' TERM; touch " + ready + "; while :; do sleep 0.05; done"}, {}));
    while (!fs::exists(ready)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    kill(other, SIGTERM);
    waitpid(other, &status, 0);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 8);
}

TEST_CASE("attach: what children wrote is one recording, and a broken file is told", "[profiler][attach]") {
    const TemporaryFolder folder;
    const std::string out = folder / "out.json";
    folder.write("out.json.17", to_text(recording("a", 10)));
    folder.write("out.json.4", to_text(recording("b", 20)));
    folder.write("out.json.5", "{");
    folder.write("out.json.old", "not ours");
    CHECK(child_files(out).size() == 3);
    std::vector<std::string> faults;
    const auto merged = merge_children(out, faults);
    REQUIRE(merged);
    CHECK(merged->processes == 2);
    CHECK(merged->kernels.at(0).launch.name == "b");
    REQUIRE(faults.size() == 1);
    CHECK_THAT(faults[0], Catch::Contains("out.json.5"));
    remove_children(out);
    CHECK(child_files(out).empty());
    CHECK(fs::exists(folder / "out.json.old"));
}

TEST_CASE("attach: a command's processes end in one file and its rows in another", "[profiler][attach]") {
    const TemporaryFolder folder;
    folder.write("lib.so", "");
    folder.write("one", to_text(recording("a", 10)));
    const std::string out = folder / "out.json", library = folder / "lib.so";
    // A stand-in for the library: the command itself writes what two processes would have written.
    const std::string script =
        "for pid in 11 12; do cp " + (folder / "one") +
        " $ISOBATH_ATTACH_OUT.$pid; done; test -n \"$CUDA_INJECTION64_PATH\" || exit 1; exit 3";
    CHECK(attach_words({"-o", out, "--rows", folder / "rows.jsonl", "--library", library, "--", "sh", "-c",
                        script}) == 3);
    const RecordedKernels merged = read_recorded_kernels(fs::path(out));
    CHECK(merged.processes == 2);
    CHECK(merged.kernels.at(0).times.count() == 2);
    CHECK(child_files(out).empty());
    const auto rows = read_measurements(fs::path(folder / "rows.jsonl"));
    REQUIRE(rows.at(0).rows.size() == 1);
    CHECK(rows[0].rows[0].time.in(unit::us) == Approx(10).epsilon(LogHistogram::kError));
    CHECK_THAT(summary(merged), Catch::Contains("2 kernels, 20 us on NVIDIA H100 80GB HBM3, 2 processes"));
}

TEST_CASE("attach: a command without CUDA leaves no file and keeps its exit code", "[profiler][attach]") {
    const TemporaryFolder folder;
    folder.write("lib.so", "");
    CHECK(attach_words({"-o", folder / "out.json", "--library", folder / "lib.so", "sh", "-c", "exit 5"}) ==
          5);
    CHECK_FALSE(fs::exists(folder / "out.json"));
    CHECK(attach_words({"-o"}) == 2);
    CHECK(attach_words({"--library", folder / "none.so", "true"}) == 2);
}
