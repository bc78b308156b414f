# The libraries behind codecs. Each codec can be left out (-DBP_CODEC_LZ4=OFF); its number stays reserved.
# For every codec: BP_HAVE_<NAME> is 0 or 1, and the file of one that is left out is not compiled.
set(BP_CODEC_LIBRARIES)
set(BP_LEFT_OUT_SOURCES)

# bp_codec(NAME package-or-empty) : switches codec NAME by the presence of a pkg-config package
function(bp_codec name package)
  string(TOUPPER ${name} upper)
  option(BP_CODEC_${upper} "codec ${name}" ON)
  set(have 0)
  if(BP_CODEC_${upper})
    pkg_check_modules(PC_${upper} QUIET IMPORTED_TARGET ${package})
    if(PC_${upper}_FOUND)
      set(have 1)
      list(APPEND BP_CODEC_LIBRARIES PkgConfig::PC_${upper})
      set(BP_CODEC_LIBRARIES ${BP_CODEC_LIBRARIES} PARENT_SCOPE)
    else()
      message(STATUS "codec ${name}: ${package} not found, left out")
    endif()
  endif()
  if(NOT have)
    set(BP_LEFT_OUT_SOURCES ${BP_LEFT_OUT_SOURCES} ${CMAKE_CURRENT_SOURCE_DIR}/src/codec/${name}.c PARENT_SCOPE)
  endif()
  target_compile_definitions(bp_options INTERFACE BP_HAVE_${upper}=${have})
endfunction()

bp_codec(lz4 liblz4)
bp_codec(zstd libzstd)
bp_codec(deflate libdeflate)
