// Workers and whole jobs that die, and ranks that share one sweep.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

#include "model/balance/sampling.h"
#include "sim/cli/program.h"
#include "tests/sim/sweep/elsewhere.h"

using namespace isobath;
using namespace isobath::sweep;

namespace {

using Words = std::vector<std::string>;

const Words kOnce{ISOBATH_BINARY, "sweep", "grid.json", "--parts", "parts", "--threads", "1"};

Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

/// What a sweep that nobody disturbs gives, and how long it takes.
struct Calm {
    std::string bytes;
    double seconds = 0;
};

Calm undisturbed() {
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(run({ISOBATH_BINARY, "sweep", "grid.json", "-o", "calm.sqlite", "--threads", "1"}) == 0);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    return {bytes_of("calm.sqlite"), passed.count()};
}

/// What parts hold: a record twice is a point done twice, a torn line is what a kill may leave.
struct Held {
    std::size_t records = 0, torn = 0;
};

Held held(const Sweep& sweep) {
    Held h;
    for (const auto& part : part_files({"parts"})) {
        const MappedFile file(part);
        each_record(file.bytes(), sweep.columns.size(),
                    [&](const Record&, std::string_view) { ++h.records; });
        h.torn += !file.bytes().empty() && file.bytes().back() != '\n';
    }
    return h;
}

/// A single process, or two shards at once, started and killed within `seconds`. How many died of it.
int start_and_kill(bool shards, double seconds, Random& random) {
    std::vector<pid_t> workers;
    if (!shards) workers.push_back(start(kOnce));
    for (int i = 1; shards && i <= 2; ++i)
        workers.push_back(start(with(kOnce, {"--shard", fmt::format("{}/2", i)})));
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds * draw_uniform(random)));
    int killed = 0;
    for (const pid_t worker : workers) kill(worker, SIGKILL);
    for (const pid_t worker : workers) killed += wait_for(worker) == 128 + SIGKILL;
    return killed;
}

/// Processes die until so many are dead; whenever all points are there, the merged file must be that of a
/// calm run and no point be done twice, and it begins anew, so that there is always something to lose.
class KilledSweep {
  public:
    KilledSweep(int kills, std::uint64_t seed) : kills_(kills), random_(seed) {}

    void check() {
        for (int round = 0; killed_ < kills_ && round < 50 * kills_; ++round) {
            killed_ += start_and_kill(round % 3 == 2, 1.2 * calm_.seconds, random_);
            const std::size_t now = held(sweep_).records;
            advanced_ += now > records_;
            records_ = now;
            if (now == space_.points()) finish();
        }
        CHECK(killed_ >= kills_);
        finish();
        CHECK(advanced_ > kills_ / 4);  // kills came while there was work
        std::printf(
            "%d processes killed, after %d of which there was more than before; %zu torn lines; %d sweeps "
            "whole\n",
            killed_, advanced_, torn_, whole_);
    }

  private:
    void finish() {
        REQUIRE(run(with(kOnce, {"-o", "out.sqlite"})) == 0);
        CHECK((bytes_of("out.sqlite") == calm_.bytes));
        const Held h = held(sweep_);
        CHECK(h.records == space_.points());
        torn_ += h.torn;
        ++whole_;
        records_ = 0;
        std::filesystem::remove_all("parts");
    }

    int kills_;
    Random random_;
    Calm calm_         = undisturbed();
    const Sweep sweep_ = load_sweep("grid.json", DataFiles());
    const Space space_{sweep_};
    int killed_ = 0, advanced_ = 0, whole_ = 0;
    std::size_t records_ = 0, torn_ = 0;
};

void check_after_kills(int kills, std::uint64_t seed) {
    const Elsewhere here;
    write_bytes("grid.json", kGrid);
    KilledSweep(kills, seed).check();
}

std::string mpirun() {
    for (const char* path : {"/usr/bin/mpirun", "/usr/local/bin/mpirun"})
        if (access(path, X_OK) == 0) return path;
    return "";
}

const Words kAsRoot{"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"};

/// Whether ranks can be had: mpirun, and a build with MPI.
bool has_ranks() {
    const bool built =
        access((std::filesystem::path(ISOBATH_BINARY).parent_path() / "isobath-mpi").c_str(), X_OK) == 0;
    if (!mpirun().empty() && built) return true;
    WARN("skipped: no mpirun, or built without MPI");
    return false;
}

}  // namespace

TEST_CASE("sweep: eight processes killed at random moments lose nothing and do nothing twice",
          "[sim][sweep][kill]") {
    check_after_kills(8, 1);
}

TEST_CASE("sweep: a hundred processes killed at random moments lose nothing and do nothing twice",
          "[sim][sweep][kill][.slow]") {
    check_after_kills(100, 2);
}

TEST_CASE("sweep: an interrupt ends it by that signal, with whole files", "[sim][sweep][kill]") {
    const Elsewhere here;
    write_bytes("grid.json", kGrid);
    const std::string expected = undisturbed().bytes;
    const pid_t worker         = start(kOnce);
    while (part_files({"parts"}).empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    kill(worker, SIGINT);
    const int code = wait_for(worker);
    CHECK((code == 128 + SIGINT || code == 0));  // 0: it was through before the signal came
    const std::string bytes = bytes_of(part_files({"parts"})[0]);
    CHECK((bytes.empty() || bytes.back() == '\n'));
    REQUIRE(run(with(kOnce, {"-o", "out.sqlite"})) == 0);
    CHECK((bytes_of("out.sqlite") == expected));
}

TEST_CASE("sweep: two ranks of MPI share the points, and their merged file is that of one process",
          "[sim][sweep][mpi]") {
    if (!has_ranks()) return;
    const Elsewhere here;
    write_bytes("grid.json", kGrid);
    const std::string expected = undisturbed().bytes;
    REQUIRE(run({mpirun(), "-np", "2", "--oversubscribe", ISOBATH_BINARY, "sweep", "grid.json", "-o",
                 "ranks.sqlite"},
                kAsRoot) == 0);
    CHECK((bytes_of("ranks.sqlite") == expected));
    const auto parts = part_files({"ranks.sqlite.parts"});
    REQUIRE(parts.size() == 2);
    CHECK(parts[0].filename().string().starts_with("rank1of2."));
    CHECK(parts[1].filename().string().starts_with("rank2of2."));
    const std::size_t columns = load_sweep("grid.json", DataFiles()).columns.size();
    std::size_t records       = 0;
    for (const auto& part : parts)
        each_record(MappedFile(part).bytes(), columns, [&](const Record&, std::string_view) { ++records; });
    CHECK(records == 6000);  // each point was handed out once
    CHECK(run({mpirun(), "-np", "2", "--oversubscribe", ISOBATH_BINARY, "sweep", "nowhere.json"}, kAsRoot) ==
          2);
}

TEST_CASE("sweep: a job whose rank is killed ends, and goes on when started again",
          "[sim][sweep][mpi][.slow]") {
    if (!has_ranks()) return;
    const Elsewhere here;
    write_bytes("grid.json", kGrid);
    const std::string expected = undisturbed().bytes;
    const Words job{mpirun(), "-np",       "2",  "--oversubscribe", ISOBATH_BINARY,
                    "sweep",  "grid.json", "-o", "out.sqlite"};
    Random random(3);
    for (int i = 0; i < 5; ++i) {
        const pid_t child = start(job, kAsRoot);
        std::this_thread::sleep_for(std::chrono::microseconds(std::int64_t(800'000 * draw_uniform(random))));
        kill(child, SIGKILL);
        CHECK(wait_for(child) == 128 + SIGKILL);
    }
    REQUIRE(run(job, kAsRoot) == 0);
    CHECK((bytes_of("out.sqlite") == expected));
}

TEST_CASE("sweep: a launcher's rank without MPI is a shard", "[sim][sweep][mpi]") {
    const Elsewhere here;
    write_bytes("grid.json", kGrid);
    // A link of its own folder, so that no isobath-mpi lies beside it: PATH has none either.
    std::filesystem::copy_file(ISOBATH_BINARY, "isobath");
    for (const char* rank : {"0", "1"})
        REQUIRE(run({std::filesystem::absolute("isobath"), "sweep", "grid.json", "--parts", "parts"},
                    {std::string("PMI_RANK=") + rank, "PMI_SIZE=2", "PATH=/usr/bin:/bin"}) == 0);
    const auto parts = part_files({"parts"});
    REQUIRE(parts.size() == 2);
    CHECK(parts[0].filename().string().starts_with("1of2."));
    const Sweep sweep = load_sweep("grid.json", DataFiles());
    CHECK(tally(Space(sweep), Results({"parts"}, sweep.columns.size())).missing == 0);
}
