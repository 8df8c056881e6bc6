# LibTorch as imported targets by path: an installed PyTorch wheel or an unpacked LibTorch archive,
# for the CPU or for CUDA. No nvcc is needed, and one binary serves both: what libtorch_cuda.so
# registers when it is loaded is reached by dispatch.
#
#   -DMIEN_TORCH_DIR=<site-packages>/torch   or   <unpacked>/libtorch
#
# Defines mien::torch.
set(MIEN_TORCH_DIR "" CACHE PATH "Folder of PyTorch that holds include/ and lib/")
if(NOT MIEN_TORCH_DIR)
  file(GLOB _candidates "${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages/torch")
  if(_candidates)
    list(GET _candidates 0 MIEN_TORCH_DIR)
  endif()
endif()
if(NOT EXISTS "${MIEN_TORCH_DIR}/lib/libtorch.so" OR
   NOT EXISTS "${MIEN_TORCH_DIR}/include/ATen/core/Tensor.h")
  message(FATAL_ERROR
    "MIEN_TORCH_DIR = '${MIEN_TORCH_DIR}': expected a folder with lib/libtorch.so and include/ATen "
    "(an installed PyTorch's torch folder or an unpacked LibTorch archive); "
    "scripts/build.sh finds or installs one")
endif()
message(STATUS "PyTorch: ${MIEN_TORCH_DIR}")

add_library(mien_torch INTERFACE)
add_library(mien::torch ALIAS mien_torch)
target_include_directories(mien_torch SYSTEM INTERFACE
  "${MIEN_TORCH_DIR}/include" "${MIEN_TORCH_DIR}/include/torch/csrc/api/include")
set(_torch_libraries "${MIEN_TORCH_DIR}/lib/libtorch_cpu.so" "${MIEN_TORCH_DIR}/lib/libc10.so")
foreach(_optional torch_cuda c10_cuda)
  if(EXISTS "${MIEN_TORCH_DIR}/lib/lib${_optional}.so")
    list(APPEND _torch_libraries "${MIEN_TORCH_DIR}/lib/lib${_optional}.so")
  endif()
endforeach()
# The OpenMP runtime that LibTorch brings: one for the whole process.
file(GLOB _gomp "${MIEN_TORCH_DIR}/lib/libgomp*.so*")
if(_gomp)
  list(GET _gomp 0 _gomp)
  list(APPEND _torch_libraries "${_gomp}")
else()
  list(APPEND _torch_libraries gomp)
endif()
# libtorch.so is what loads libtorch_cuda.so: keep it although no symbol of it is used.
target_link_libraries(mien_torch INTERFACE
  "-Wl,--no-as-needed,${MIEN_TORCH_DIR}/lib/libtorch.so,--as-needed" ${_torch_libraries})

# mien::torch_cuda, where LibTorch has CUDA and its headers are there: in a toolkit, or beside the
# wheel (the packages nvidia-cuda-runtime, -crt and -cccl). Only sources that name CUDA need it.
if(EXISTS "${MIEN_TORCH_DIR}/lib/libtorch_cuda.so")
  file(GLOB _cuda_roots "${MIEN_TORCH_DIR}/../nvidia/cu[0-9]*" "${MIEN_TORCH_DIR}/../nvidia/cuda_runtime"
                        "/usr/local/cuda")
  find_path(MIEN_CUDA_INCLUDE cuda_runtime_api.h HINTS ${_cuda_roots} PATH_SUFFIXES include)
  find_library(MIEN_CUDART NAMES cudart libcudart.so.13 libcudart.so.12
               HINTS ${_cuda_roots} PATH_SUFFIXES lib lib64)
  if(MIEN_CUDA_INCLUDE AND MIEN_CUDART)
    message(STATUS "CUDA headers: ${MIEN_CUDA_INCLUDE}")
    add_library(mien_torch_cuda INTERFACE)
    add_library(mien::torch_cuda ALIAS mien_torch_cuda)
    target_include_directories(mien_torch_cuda SYSTEM INTERFACE "${MIEN_CUDA_INCLUDE}")
    target_link_libraries(mien_torch_cuda INTERFACE mien_torch "${MIEN_CUDART}")
  endif()
endif()
