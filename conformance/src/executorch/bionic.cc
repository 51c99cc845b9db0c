// What Android's C library has and glibc lacks or counts differently, for a library that was linked against Android's.
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

extern "C" {

long __sysconf(int name);

char __sF[3 * 152];

int *__errno() { return &errno; }

void __assert2(const char *file, int line, const char *, const char *message) {
  fprintf(stderr, "%s:%d: %s\n", file, line, message);
  abort();
}

int __android_log_vprint(int, const char *tag, const char *format, va_list arguments) {
  fprintf(stderr, "%s: ", tag);
  vfprintf(stderr, format, arguments);
  return fputc('\n', stderr);
}

int __android_log_print(int priority, const char *tag, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int written = __android_log_vprint(priority, tag, format, arguments);
  va_end(arguments);
  return written;
}

int __android_log_write(int, const char *tag, const char *text) { return fprintf(stderr, "%s: %s\n", tag, text); }

void android_set_abort_message(const char *message) { fprintf(stderr, "%s\n", message); }

int __system_property_get(const char *, char *value) { return *value = 0; }

char *__gnu_strerror_r(int code, char *buffer, size_t size) { return strerror_r(code, buffer, size); }

int __open_2(const char *path, int flags) { return open(path, flags); }

size_t __strlen_chk(const char *text, size_t) { return strlen(text); }

char *__strchr_chk(const char *text, int wanted, size_t) { return const_cast<char *>(strchr(text, wanted)); }

char *__strrchr_chk(const char *text, int wanted, size_t) { return const_cast<char *>(strrchr(text, wanted)); }

ssize_t __write_chk(int file, const void *bytes, size_t count, size_t) { return write(file, bytes, count); }

void __gcov_dump() {}

void __gcov_flush() {}

long sysconf(int name) {
  switch (name) {
  case 39:
  case 40:
    return __sysconf(_SC_PAGESIZE);
  case 96:
    return __sysconf(_SC_NPROCESSORS_CONF);
  case 97:
    return __sysconf(_SC_NPROCESSORS_ONLN);
  default:
    return __sysconf(name);
  }
}
}
