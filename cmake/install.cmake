# Where things go: library, headers, pkg-config and CMake package files, command, plug-ins, man pages, completions.
include(CMakePackageConfigHelpers)

install(TARGETS beampress_static beampress_shared
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/beampress DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET beampress)
  install(TARGETS beampress RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# What a program that links the static library needs besides: pkg-config modules where the library has one
# (the name behind an imported target PkgConfig::X), -lNAME otherwise.
set(BP_PC_REQUIRES)
set(BP_PC_LIBS -lm -pthread)
foreach(item ${BP_IO_LIBRARIES} ${BP_CODEC_LIBRARIES})
  if(item MATCHES "^PkgConfig::(.*)$")
    list(APPEND BP_PC_REQUIRES ${${CMAKE_MATCH_1}_MODULE_NAME})
  else()
    get_filename_component(library "${item}" NAME_WE)
    string(REGEX REPLACE "^.*::" "" library "${library}")
    string(REGEX REPLACE "^lib" "" library "${library}")
    list(APPEND BP_PC_LIBS -l${library})
  endif()
endforeach()
list(REMOVE_DUPLICATES BP_PC_REQUIRES)
list(REMOVE_DUPLICATES BP_PC_LIBS)
set(BP_CMAKE_LIBS ${BP_PC_LIBS})
string(REPLACE ";" " " BP_PC_REQUIRES "${BP_PC_REQUIRES}")
string(REPLACE ";" " " BP_PC_LIBS "${BP_PC_LIBS}")

configure_file(cmake/beampress.pc.in ${CMAKE_BINARY_DIR}/package/beampress.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/beampress.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(BP_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/beampress)
configure_package_config_file(cmake/beampress-config.cmake.in ${CMAKE_BINARY_DIR}/package/beampress-config.cmake
  INSTALL_DESTINATION ${BP_PACKAGE_DIR} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/beampress-config-version.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/beampress-config.cmake
  ${CMAKE_BINARY_DIR}/package/beampress-config-version.cmake DESTINATION ${BP_PACKAGE_DIR})

# HDF5 of Debian looks for plug-ins in /usr/lib/<multiarch>/hdf5/{serial,openmpi}/plugins and nowhere else unless
# HDF5_PLUGIN_PATH says so. A system-wide prefix therefore installs there; any other keeps to itself.
set(multiarch ${CMAKE_LIBRARY_ARCHITECTURE})
if(CMAKE_INSTALL_PREFIX MATCHES "^/usr(/local)?/?$" AND multiarch)
  set(plugin_root /usr/lib/${multiarch}/hdf5)
else()
  set(plugin_root ${CMAKE_INSTALL_LIBDIR}/hdf5)
endif()
set(plugin_dirs ${plugin_root}/serial/plugins ${plugin_root}/openmpi/plugins)
foreach(folder ${plugin_dirs})
  install(DIRECTORY ${CMAKE_BINARY_DIR}/plugins/ DESTINATION ${folder} FILES_MATCHING PATTERN "*.so")
endforeach()

# made from the command's own tables while building
install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL
  FILES_MATCHING PATTERN "*.1")
install(FILES ${CMAKE_BINARY_DIR}/completion/beampress.bash OPTIONAL
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME beampress)
install(FILES ${CMAKE_BINARY_DIR}/completion/_beampress OPTIONAL
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(CODE [[
  if("$ENV{DESTDIR}" STREQUAL "")
    execute_process(COMMAND /sbin/ldconfig OUTPUT_QUIET ERROR_QUIET)
  endif()]])
