/// cudaStream_t for headers that must not bring CUDA along.
#pragma once

struct CUstream_st;
typedef CUstream_st* cudaStream_t;  // NOLINT: the same words as CUDA's own header, which may follow
