// isobath-mpi: `isobath sweep` on the ranks of an MPI job. `isobath` starts it where a launcher says so.
#include <iostream>
#include <string>
#include <vector>

#include "sim/cli/mpi/mpi_ranks.h"
#include "sim/cli/sweep_command.h"

namespace {

using namespace isobath;

/// The first rank to fail tells why and ends all: the user's mistake is every rank's.
int sweep_on_ranks(const cli::Call& call) {
    const auto ranks = cli::start_ranks();
    try {
        return cli::sweep_with(call, ranks.get());
    } catch (const SpecError& e) {
        if (ranks->rank() == 0) call.err << e.what() << std::endl;
        if (ranks->rank() == 0) cli::abort_ranks(cli::kUserError);
    } catch (const std::exception& e) {
        call.err << "isobath: internal error, please report: " << e.what() << std::endl;
        cli::abort_ranks(cli::kBug);
    }
    // Another rank with the same mistake: rank 0 is about to say so.
    ranks->meet();
    return cli::kUserError;
}

}  // namespace

int main(int argc, char** argv) try {
    std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty() || words.front() != "sweep") {
        std::cerr << "isobath-mpi: started by isobath sweep; see isobath sweep --help\n";
        return cli::kUserError;
    }
    words.erase(words.begin());
    return sweep_on_ranks({words, std::cout, std::cerr, false});
} catch (const std::exception& e) {
    std::cerr << "isobath-mpi: " << e.what() << '\n';
    return cli::kBug;
}
