# Enables CUDA for isobath-calibrate as ISOBATH_PROFILER says; ISOBATH_CUDA tells whether it is there.
# Included, not a folder of its own: a language is enabled for the folder that asks and those below it.
set(ISOBATH_CUDA OFF)
if(ISOBATH_PROFILER STREQUAL "OFF")
  return()
endif()

find_program(ISOBATH_NVCC nvcc HINTS $ENV{CUDACXX} $ENV{CUDA_HOME}/bin /usr/local/cuda/bin)   # it may lie outside PATH
if(NOT ISOBATH_NVCC)
  if(NOT ISOBATH_PROFILER STREQUAL "AUTO")
    message(FATAL_ERROR "ISOBATH_PROFILER=${ISOBATH_PROFILER}, and nvcc was not found; put it in PATH or set CUDA_HOME")
  endif()
  message(STATUS "isobath-calibrate is not built: nvcc was not found (ISOBATH_PROFILER=AUTO)")
  return()
endif()

set(ISOBATH_CUDA ON)
if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${ISOBATH_NVCC})
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 90a)
endif()
if(CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE})
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
