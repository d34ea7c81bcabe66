// epoll echo: the yardstick. `echo_epoll PORT lt|et [THREADS]`, one thread unless told otherwise.
//
// One receive buffer is shared by all connections of a thread. A connection owns memory only while
// the kernel has taken part of an echo; nothing is read from it meanwhile. Datagrams to 127.0.0.1
// on the same port are echoed too.
//
// Each thread has an epoll instance of its own. The first one accepts, and spreads connections over
// all of them in turn, as the .NET runtime spreads sockets over its socket threads. From then on a
// connection belongs to one thread, so threads share nothing per message.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 64 * 1024, MAX_FDS = 65536, MAX_EVENTS = 512, DATAGRAMS_PER_TURN = 64, MAX_THREADS = 64 };

struct pending {
    char *data;
    size_t offset;
    size_t length;
};

static _Thread_local char buffer[BUFFER_SIZE];
static _Thread_local int epoll_fd;
static struct pending pending[MAX_FDS]; // each entry is its connection's thread's
static int epoll_fds[MAX_THREADS];
static int thread_count = 1;
static int listener;
static int datagrams;
static bool edge_triggered;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void watch_by(int instance, int op, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(instance, op, fd, &event) < 0)
        die("epoll_ctl");
}

static void watch(int op, int fd, uint32_t events)
{
    watch_by(epoll_fd, op, fd, events);
}

static void close_connection(int fd)
{
    free(pending[fd].data);
    pending[fd] = (struct pending){0};
    close(fd);
}

static void accept_all(void)
{
    static unsigned next;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EAGAIN)
                return;
            if (errno == ECONNABORTED || errno == EINTR)
                continue;
            die("accept4");
        }
        if (fd >= MAX_FDS) {
            close(fd);
            continue;
        }
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch_by(epoll_fds[next++ % (unsigned)thread_count], EPOLL_CTL_ADD, fd,
                 edge_triggered ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN);
    }
}

// Sends what is left of an echo. True when nothing is pending any more.
static bool flush(int fd)
{
    struct pending *p = &pending[fd];
    while (p->offset < p->length) {
        ssize_t sent = send(fd, p->data + p->offset, p->length - p->offset, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN)
                close_connection(fd);
            return false;
        }
        p->offset += (size_t)sent;
    }
    free(p->data);
    *p = (struct pending){0};
    return true;
}

// Echoes what one receive brings. True when another receive is due.
static bool echo_once(int fd, bool to_the_end)
{
    ssize_t received = recv(fd, buffer, sizeof buffer, 0);
    if (received <= 0) {
        if (received == 0 || errno != EAGAIN)
            close_connection(fd);
        return false;
    }
    ssize_t sent = send(fd, buffer, (size_t)received, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN) {
            close_connection(fd);
            return false;
        }
        sent = 0;
    }
    if (sent < received) {
        size_t rest = (size_t)(received - sent);
        char *copy = malloc(rest);
        if (copy == NULL)
            die("malloc");
        memcpy(copy, buffer + sent, rest);
        pending[fd] = (struct pending){.data = copy, .length = rest};
        if (!edge_triggered)
            watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
        return false;
    }
    return to_the_end || received == BUFFER_SIZE;
}

static void serve_level(int fd)
{
    if (pending[fd].data == NULL)
        echo_once(fd, false);
    else if (flush(fd))
        watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

static void serve_edge(int fd, uint32_t events)
{
    // A short read has emptied a stream socket (epoll(7)), unless the peer's FIN belongs to this
    // event or data came while an echo was pending: no other edge would tell of those.
    bool to_the_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (pending[fd].data != NULL) {
        if (!flush(fd))
            return;
        to_the_end = true;
    }
    if (to_the_end || (events & EPOLLIN) != 0)
        while (echo_once(fd, to_the_end))
            ;
}

static int bind_datagrams(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    // Loopback alone: nothing here keeps a forged source from making two servers answer each other.
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("bind");
    return fd;
}

static void echo_datagrams(int fd)
{
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct sockaddr_in source;
        socklen_t length = sizeof source;
        ssize_t received = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&source, &length);
        if (received < 0)
            return;
        // One that cannot be sent is lost, as datagrams may be.
        sendto(fd, buffer, (size_t)received, 0, (struct sockaddr *)&source, length);
    }
}

static _Noreturn void *serve(void *instance)
{
    epoll_fd = *(int *)instance;
    struct epoll_event events[MAX_EVENTS];
    for (;;) {
        int count = epoll_wait(epoll_fd, events, MAX_EVENTS, -1);
        if (count < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener)
                accept_all();
            else if (fd == datagrams)
                echo_datagrams(datagrams);
            else if (edge_triggered)
                serve_edge(fd, events[i].events);
            else
                serve_level(fd);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc == 4)
        thread_count = atoi(argv[3]);
    if ((argc != 3 && argc != 4) || (strcmp(argv[2], "lt") != 0 && strcmp(argv[2], "et") != 0) ||
        thread_count < 1 || thread_count > MAX_THREADS) {
        fprintf(stderr, "usage: %s PORT lt|et [THREADS]\n", argv[0]);
        return 2;
    }
    edge_triggered = strcmp(argv[2], "et") == 0;
    signal(SIGPIPE, SIG_IGN);

    uint16_t port = (uint16_t)atoi(argv[1]);
    listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0)
        die("socket");
    int on = 1, off = 0;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0)
        die("bind");
    datagrams = bind_datagrams(port);
    if (listen(listener, 512) < 0)
        die("listen");
    for (int i = 0; i < thread_count; i++) {
        epoll_fds[i] = epoll_create1(EPOLL_CLOEXEC);
        if (epoll_fds[i] < 0)
            die("epoll_create1");
    }
    watch_by(epoll_fds[0], EPOLL_CTL_ADD, listener, EPOLLIN);
    watch_by(epoll_fds[0], EPOLL_CTL_ADD, datagrams, EPOLLIN);

    for (int i = 1; i < thread_count; i++) {
        pthread_t thread;
        if ((errno = pthread_create(&thread, NULL, serve, &epoll_fds[i])) != 0)
            die("pthread_create");
    }
    serve(&epoll_fds[0]);
}
