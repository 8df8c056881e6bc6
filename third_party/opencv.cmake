# OpenCV's core, imgproc, imgcodecs and objdetect as mien::opencv. Its own CMake package is
# taken when it is there; Debian keeps that in libopencv-dev, which pulls in everything OpenCV can be
# built with, so without it the libraries and their headers are found by name.
add_library(mien_opencv INTERFACE)
add_library(mien::opencv ALIAS mien_opencv)

find_package(OpenCV QUIET COMPONENTS core imgproc imgcodecs objdetect)
if(OpenCV_FOUND)
  target_link_libraries(mien_opencv INTERFACE opencv_core opencv_imgproc opencv_imgcodecs
                                               opencv_objdetect)
else()
  find_path(MIEN_OPENCV_INCLUDE opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4 REQUIRED)
  target_include_directories(mien_opencv SYSTEM INTERFACE "${MIEN_OPENCV_INCLUDE}")
  foreach(library core imgproc imgcodecs objdetect)
    find_library(MIEN_OPENCV_${library} opencv_${library} REQUIRED)
    target_link_libraries(mien_opencv INTERFACE "${MIEN_OPENCV_${library}}")
  endforeach()
endif()
