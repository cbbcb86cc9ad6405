# Builds isobath-mpi as ISOBATH_MPI says: the ranks of `isobath sweep`, which starts it under mpirun or srun. A program
# of its own, so that nothing else links MPI or waits for it.
if(ISOBATH_MPI STREQUAL "OFF")
  return()
endif()

enable_language(C)   # MPI's C interface: the one for C++ is gone from the standard
if(ISOBATH_MPI STREQUAL "AUTO")
  find_package(MPI QUIET COMPONENTS C)
else()
  find_package(MPI REQUIRED COMPONENTS C)
endif()
if(NOT MPI_C_FOUND)
  message(STATUS "isobath-mpi is not built: MPI was not found (ISOBATH_MPI=AUTO)")
  return()
endif()

add_executable(isobath-mpi ${PROJECT_SOURCE_DIR}/sim/cli/mpi/main.cc ${PROJECT_SOURCE_DIR}/sim/cli/mpi/mpi_ranks.cc)
target_link_libraries(isobath-mpi PRIVATE isobath_cli MPI::MPI_C)
target_compile_definitions(isobath-mpi PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)   # else mpi.h brings one for C++
install(TARGETS isobath-mpi)
