/* SPDX-License-Identifier: MIT
 * The floor: what no client can be faster than. Plain system calls, no event loop, no JSON library,
 * nothing encoded.
 *
 *   floor SOCKET
 *     one frame, the whole session in one message
 *
 *   floor SOCKET loop N [read]
 *     N frames on one connection, one descriptor set; with `read` each is copied into our memory.
 *     Prints milliseconds a frame.
 *
 *   floor SOCKET silence
 *     until SIGTERM, asks again and again; prints in milliseconds the longest wait for an answer
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void check(int ok, const char* what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int connect_to(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(fd >= 0 && strlen(path) < sizeof address.sun_path, "socket");
  strcpy(address.sun_path, path);
  check(connect(fd, (struct sockaddr*)&address, sizeof address) == 0, "connect");
  return fd;
}

static void send_with_fd(int socket, const char* text, int fd) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct iovec data = {(char*)text, strlen(text)};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
  if (fd >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  check(sendmsg(socket, &message, 0) == (ssize_t)data.iov_len, "sendmsg");
}

/* Reads until `count` replies have come; events do not count. A refusal ends the program. */
static void await_replies(int socket, int count) {
  static char buffer[1 << 16];
  size_t filled = 0;
  while (count > 0) {
    ssize_t size = read(socket, buffer + filled, sizeof buffer - filled);
    check(size > 0, "read");
    filled += (size_t)size;
    char* line = buffer;
    char* end;
    while ((end = memchr(line, '\n', filled - (size_t)(line - buffer))) != NULL) {
      *end = '\0';
      if (strstr(line, "\"error\"") != NULL) {
        fprintf(stderr, "QEMU refused: %s\n", line);
        exit(1);
      }
      if (strstr(line, "\"return\"") != NULL) --count;
      line = end + 1;
    }
    filled -= (size_t)(line - buffer);
    memmove(buffer, line, filled);
  }
}

struct memory {
  int readable;
  int writable;
};

static struct memory make_memory(void) {
  char path[64];
  struct memory memory;
  memory.readable = memfd_create("floor", MFD_CLOEXEC);
  check(memory.readable >= 0, "memfd_create");
  snprintf(path, sizeof path, "/proc/self/fd/%d", memory.readable);
  memory.writable = open(path, O_WRONLY | O_CLOEXEC);
  check(memory.writable >= 0, "open");
  return memory;
}

#define HELLO "{\"execute\":\"qmp_capabilities\"}\n"
#define ADD "{\"execute\":\"add-fd\",\"arguments\":{\"fdset-id\":4711}}\n"
#define DUMP "{\"execute\":\"screendump\",\"arguments\":{\"filename\":\"/dev/fdset/4711\"}}\n"
#define REMOVE "{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":4711}}\n"

static size_t size_of(struct memory memory) {
  struct stat info;
  check(fstat(memory.readable, &info) == 0 && info.st_size > 0, "the frame");
  return (size_t)info.st_size;
}

static int one(const char* path) {
  int socket = connect_to(path);
  struct memory memory = make_memory();
  send_with_fd(socket, HELLO ADD DUMP REMOVE, memory.writable);
  await_replies(socket, 4);
  return size_of(memory) > 0 ? 0 : 1;
}

static int loop(const char* path, int frames, int with_read) {
  int socket = connect_to(path);
  struct memory memory = make_memory();
  char* copy = NULL;
  send_with_fd(socket, HELLO ADD, memory.writable);
  await_replies(socket, 2);
  double begin = now_ms();
  for (int i = 0; i < frames; ++i) {
    lseek(memory.writable, 0, SEEK_SET);
    send_with_fd(socket, DUMP, -1);
    await_replies(socket, 1);
    size_t size = size_of(memory);
    if (with_read) {
      if (copy == NULL) copy = malloc(size);
      check(pread(memory.readable, copy, size, 0) == (ssize_t)size, "pread");
    }
  }
  printf("%.3f\n", (now_ms() - begin) / frames);
  send_with_fd(socket, REMOVE, -1);
  await_replies(socket, 1);
  free(copy);
  return 0;
}

static volatile sig_atomic_t asked_to_end = 0;

static void on_signal(int number) {
  (void)number;
  asked_to_end = 1;
}

static int silence(const char* path) {
  double longest = 0;
  signal(SIGTERM, on_signal); /* glibc restarts what it interrupts */
  int socket = connect_to(path);
  send_with_fd(socket, HELLO, -1);
  await_replies(socket, 1);
  while (!asked_to_end) {
    double begin = now_ms();
    send_with_fd(socket, "{\"execute\":\"query-name\"}\n", -1);
    await_replies(socket, 1);
    double wait = now_ms() - begin;
    if (wait > longest) longest = wait;
  }
  printf("%.3f\n", longest);
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 2) return one(argv[1]);
  if (argc >= 4 && strcmp(argv[2], "loop") == 0)
    return loop(argv[1], atoi(argv[3]), argc == 5 && strcmp(argv[4], "read") == 0);
  if (argc == 3 && strcmp(argv[2], "silence") == 0) return silence(argv[1]);
  fprintf(stderr, "usage: floor SOCKET [loop N [read] | silence]\n");
  return 2;
}
