/// Shared memory by address, asynchronous copies into it, and global accesses with hints.
#pragma once

namespace isobath::simt {

/// An address in the block's dynamic shared memory, in bytes.
using Shared = std::uint32_t;

ISOBATH_DEVICE Shared shared_base() {
    extern __shared__ __align__(128) unsigned char isobath_dynamic_shared[];
    return Shared(__cvta_generic_to_shared(isobath_dynamic_shared));
}

template <class T>
ISOBATH_DEVICE T load_shared(Shared at) {
    return *static_cast<const T*>(__cvta_shared_to_generic(at));
}
template <class T>
ISOBATH_DEVICE void store_shared(Shared at, T value) {
    *static_cast<T*>(__cvta_shared_to_generic(at)) = value;
}

/// Starts to copy 16 bytes; zeros where !valid, and then nothing is read.
ISOBATH_DEVICE void copy_async(Shared to, const void* from, bool valid) {
    const int bytes = valid ? 16 : 0;
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to),
                 "l"(__cvta_generic_to_global(from)), "r"(bytes)
                 : "memory");
}

/// Closes a group of this thread's copies.
ISOBATH_DEVICE void copy_commit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/// Waits until at most `kLeft` of this thread's groups are under way.
template <int kLeft>
ISOBATH_DEVICE void copy_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
}

struct alignas(16) Words {
    std::uint32_t x, y, z, w;
};

/// 16 bytes that nobody writes meanwhile and nobody soon reads again.
ISOBATH_DEVICE Words load_streaming(const void* from) {
    Words r;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r.x), "=r"(r.y), "=r"(r.z), "=r"(r.w)
                 : "l"(__cvta_generic_to_global(from)));
    return r;
}

/// 16 bytes through L2 alone.
ISOBATH_DEVICE Words load_l2(const void* from) {
    Words r;
    asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r.x), "=r"(r.y), "=r"(r.z), "=r"(r.w)
                 : "l"(__cvta_generic_to_global(from))
                 : "memory");
    return r;
}

ISOBATH_DEVICE void store_streaming(void* to, Words v) {
    asm volatile("st.global.cs.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(to)), "r"(v.x),
                 "r"(v.y), "r"(v.z), "r"(v.w)
                 : "memory");
}

/// A value of 4 or 8 bytes at an address that is a multiple of that, whatever lies there.
template <class T>
ISOBATH_DEVICE T load(const void* from) {
    return *static_cast<const T*>(from);
}
template <class T>
ISOBATH_DEVICE void store(void* to, T value) {
    *static_cast<T*>(to) = value;
}

/// A flag that the host, or another stream, may change under way.
ISOBATH_DEVICE int load_flag(const int* flag) {
    return *static_cast<const volatile int*>(flag);
}

}  // namespace isobath::simt
