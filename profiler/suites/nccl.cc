/// Collectives by NCCL over GPUs of this process.
#include <map>

#include <nccl.h>

#include "profiler/gpu/memory.h"
#include "profiler/gpu/timer.h"
#include "profiler/library.h"
#include "profiler/suites/suites.h"

namespace isobath {
namespace {

struct Nccl {
    Library library                          = Library::open({{"libnccl.so.2", "libnccl.so"}, {"nccl/lib"}});
    decltype(&ncclGetVersion) version        = nullptr;
    decltype(&ncclCommInitAll) init_all      = nullptr;
    decltype(&ncclCommDestroy) destroy       = nullptr;
    decltype(&ncclGroupStart) group_start    = nullptr;
    decltype(&ncclGroupEnd) group_end        = nullptr;
    decltype(&ncclAllReduce) all_reduce      = nullptr;
    decltype(&ncclAllGather) all_gather      = nullptr;
    decltype(&ncclSend) send                 = nullptr;
    decltype(&ncclRecv) receive              = nullptr;
    decltype(&ncclGetErrorString) error_text = nullptr;
    std::string why_not;

    Nccl() {
        FunctionFinder find = library.finder();
        find(version, "ncclGetVersion");
        find(init_all, "ncclCommInitAll");
        find(destroy, "ncclCommDestroy");
        find(group_start, "ncclGroupStart");
        find(group_end, "ncclGroupEnd");
        find(all_reduce, "ncclAllReduce");
        find(all_gather, "ncclAllGather");
        find(send, "ncclSend");
        find(receive, "ncclRecv");
        find(error_text, "ncclGetErrorString");
        why_not = library.why_not(find);
    }

    void check(ncclResult_t result, const char* call) const {
        if (result != ncclSuccess) throw NotMeasurable(std::string(call) + ": " + error_text(result));
    }

    /// "2.28.9": 10000 * major + 100 * minor + patch.
    std::string version_text() const {
        int v = 0;
        version(&v);
        return std::to_string(v / 10000) + "." + std::to_string(v % 10000 / 100) + "." +
               std::to_string(v % 100);
    }
};

const Nccl& nccl() {
    static const Nccl library;
    return library;
}

/// Makes a GPU current and the one before it again.
class OnGpu {
  public:
    explicit OnGpu(int gpu) {
        CUDA_CHECK(cudaGetDevice(&before_));
        CUDA_CHECK(cudaSetDevice(gpu));
    }
    ~OnGpu() { cudaSetDevice(before_); }
    OnGpu(const OnGpu&)            = delete;
    OnGpu& operator=(const OnGpu&) = delete;

  private:
    int before_ = 0;
};

/// One communicator over the first GPUs; making it takes seconds, so it is kept.
struct Communicators {
    std::vector<ncclComm_t> of;

    explicit Communicators(int gpus) : of(static_cast<std::size_t>(gpus)) {
        nccl().check(nccl().init_all(of.data(), gpus, nullptr), "ncclCommInitAll");
    }
    ~Communicators() {
        for (ncclComm_t each : of) nccl().destroy(each);
    }
    Communicators(const Communicators&)            = delete;
    Communicators& operator=(const Communicators&) = delete;
};

std::shared_ptr<Communicators> communicators(int gpus) {
    static std::map<int, std::weak_ptr<Communicators>> all;
    static std::shared_ptr<Communicators> last;  // points come sorted by the number of GPUs
    auto& kept = all[gpus];
    if (auto found = kept.lock()) return found;
    last = std::make_shared<Communicators>(gpus);
    kept = last;
    return last;
}

/// What one GPU brings: buffers, a stream of its own, and an event that says it is done.
struct Member {
    int gpu;
    std::unique_ptr<Stream> stream;
    DeviceBuffer send, receive;
    cudaEvent_t done = nullptr;

    Member(int which, std::size_t send_bytes, std::size_t receive_bytes) : gpu(which) {
        const OnGpu current(gpu);
        stream  = std::make_unique<Stream>();
        send    = random_bf16(send_bytes / 2, static_cast<std::uint64_t>(gpu) + 1);
        receive = DeviceBuffer(receive_bytes);
        CUDA_CHECK(cudaEventCreateWithFlags(&done, cudaEventDisableTiming));
    }
    ~Member() {
        if (done != nullptr) cudaEventDestroy(done);
    }
    Member(const Member&)            = delete;
    Member& operator=(const Member&) = delete;
};

class Collective {
  public:
    explicit Collective(const KernelPoint& point)
        : kind_(point.kind),
          gpus_(static_cast<int>(point["gpus"])),
          bytes_(static_cast<std::size_t>(point["bytes"])),
          communicators_(communicators(gpus_)) {
        const std::size_t received = kind_ == KernelKind::all_gather ? bytes_ * std::size_t(gpus_) : bytes_;
        for (int gpu = 0; gpu < gpus_; ++gpu)
            members_.push_back(std::make_unique<Member>(gpu, bytes_, received));
    }

    /// On GPU 0 in the stream given, which the gate holds; the others wait inside the collective for GPU 0,
    /// as GPUs do for the last to arrive, and it ends when all have.
    void run(cudaStream_t stream) const {
        nccl().check(nccl().group_start(), "ncclGroupStart");
        for (const auto& member : members_) call(*member, member->gpu == 0 ? stream : *member->stream);
        nccl().check(nccl().group_end(), "ncclGroupEnd");
        for (const auto& member : members_) {
            if (member->gpu == 0) continue;
            const OnGpu current(member->gpu);
            CUDA_CHECK(cudaEventRecord(member->done, *member->stream));
            CUDA_CHECK(cudaStreamWaitEvent(stream, member->done, 0));
        }
    }

  private:
    KernelKind kind_;
    int gpus_;
    std::size_t bytes_;
    std::shared_ptr<Communicators> communicators_;
    std::vector<std::unique_ptr<Member>> members_;

    void call(const Member& member, cudaStream_t stream) const {
        const ncclComm_t comm = communicators_->of[static_cast<std::size_t>(member.gpu)];
        if (kind_ == KernelKind::all_reduce)
            nccl().check(nccl().all_reduce(member.send.get(), member.receive.get(), bytes_ / 2, ncclBfloat16,
                                           ncclSum, comm, stream),
                         "ncclAllReduce");
        else if (kind_ == KernelKind::all_gather)
            nccl().check(
                nccl().all_gather(member.send.get(), member.receive.get(), bytes_, ncclInt8, comm, stream),
                "ncclAllGather");
        else
            exchange(member, comm, stream);
    }

    void exchange(const Member& member, ncclComm_t comm, cudaStream_t stream) const {
        const std::size_t part = bytes_ / static_cast<std::size_t>(gpus_);
        for (int peer = 0; peer < gpus_; ++peer) {
            const std::size_t at = part * static_cast<std::size_t>(peer);
            nccl().check(nccl().send(member.send.as<char>() + at, part, ncclInt8, peer, comm, stream),
                         "ncclSend");
            nccl().check(nccl().receive(member.receive.as<char>() + at, part, ncclInt8, peer, comm, stream),
                         "ncclRecv");
        }
    }
};

std::string problem(const KernelPoint& point, const PeerMatrix& reach) {
    if (!nccl().why_not.empty()) return nccl().why_not;
    if (point["bytes"] % (2 * point["gpus"]) != 0) return "bytes must be a multiple of 2 for each GPU";
    // NCCL works without direct access as well, through host memory; only too few GPUs are in its way.
    const auto here = static_cast<std::int64_t>(reach.size());
    return point["gpus"] <= here ? "" : peer_problem(static_cast<int>(point["gpus"]), reach);
}

Launch prepare(const KernelPoint& point) {
    auto collective = std::make_shared<Collective>(point);
    return {.run = [=](cudaStream_t stream) { collective->run(stream); }, .by_events = true};
}

}  // namespace

void add_nccl_benches(std::vector<Bench>& out, Device& device) {
    const bool here           = nccl().why_not.empty();
    const std::string version = here ? nccl().version_text() : "";
    if (here) device.described.libraries["nccl"] = version;
    out.push_back({here ? "NCCL " + version : "NCCL",
                   {KernelKind::all_reduce, KernelKind::all_gather, KernelKind::all_to_all},
                   [reach = peer_matrix()](const auto& p) { return problem(p, reach); },
                   prepare});
}

}  // namespace isobath
