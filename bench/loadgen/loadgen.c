// Load generator: one thread, epoll, every byte's place in its stream checked.
//
//   loadgen closed|open|stream|mixed|churn|idle|udp --port N --pid N
//           [--connections N] [--size BYTES] [--rate N] [--warmup SECONDS] [--seconds SECONDS]
//
//   closed  each connection has one message of SIZE bytes under way
//   open    RATE messages a second in all, due in equal steps and on each connection in turn, whether
//           or not earlier ones are back; latency counts from when a message was due
//   stream  each connection keeps SIZE bytes under way
//   mixed   closed, beside one connection that has 4 MiB messages under way (the firehose)
//   churn   CONNECTIONS at a time: connect, echo one message, close
//   idle    one byte per connection, then nothing: resident memory at a ninth and at all of them
//   udp     closed, over UDP: a datagram of SIZE bytes under way per socket, sent again when lost
//
// The server is at 127.0.0.1:PORT; PID is its process, whose CPU time is read at both ends of the
// measured window (CLOCK_PROCESS_CPUTIME_ID of that process: user + system as in /proc/PID/stat,
// in nanoseconds instead of ticks). One line of JSON goes to stdout. Exit code 1: the server
// broke a connection, changed a byte or fell silent.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK = 256 * 1024,
    FIREHOSE_CHUNK = 64 * 1024,
    FIREHOSE_SIZE = 4 * 1024 * 1024,
    PERIOD = 65521, // of the byte pattern; prime, so that messages of a round size all differ
    CHECKED = 4096, // bytes at each end of a receive that are compared
    MAX_EVENTS = 256,
    RAMP_BATCH = 64, // connections opened at once; below any server's listen backlog
    SOURCES = 200,   // client addresses 127.0.0.1 to 127.0.0.200, against ephemeral port shortage
    MAX_DATAGRAM = 65507, // over IPv4
    RESEND_AFTER = 200 * 1000 * 1000, // nanoseconds without an echo; TCP's least timeout on Linux
    MOST_RESENT = 100,                // one datagram of so many; with more, other work than the echo is measured
    LATE_AFTER = 1000 * 1000,         // nanoseconds from when a message was due until it is sent
    MOST_LATE = 20,                   // one message of so many; with more, the load itself is measured
    HOPELESS_AFTER = 200 * 1000 * 1000, // nanoseconds; further behind, all time would go into sending
};

enum mode { CLOSED, OPEN, STREAM, MIXED, CHURN, IDLE, UDP };
enum phase { RAMP, WARMUP, MEASURE, DRAIN };

struct connection {
    int fd;
    uint32_t start; // where in the pattern this connection's stream begins
    bool firehose;
    bool waits_for_room;
    uint64_t size;
    uint64_t due; // open loop: bytes that are to be sent by now
    uint64_t sent;
    uint64_t received;
    uint64_t message_sent_at;
    uint64_t datagram_sent_at; // its last copy
    uint64_t copies;           // datagrams that may still come back
};

// Log-linear histogram of nanoseconds: 64 buckets per power of two, 1.6 % wide.
enum { SUB_BITS = 6, SUB = 1 << SUB_BITS, BUCKETS = (64 - SUB_BITS) * SUB };
static uint64_t histogram[BUCKETS];

static char pattern[PERIOD + CHUNK];
static char scratch[CHUNK];
static struct connection *connections;
static int connection_count;
static int opened;
static int ramped; // connections whose first message is back
static int epoll_fd;
static struct sockaddr_in server;
static enum mode mode = CLOSED;
static enum phase phase = RAMP;
static uint64_t message_size = 64;
static uint64_t chatty_bytes;
static uint64_t firehose_bytes;
static uint64_t churned;
static uint64_t resent;

// Open loop. Message N is due N intervals after the first, on connection N modulo their number.
static double interval; // nanoseconds
static uint64_t first_due_at;
static uint64_t next_due; // number of the message
static uint64_t measured_from;
static uint64_t due_messages; // within the measured window
static uint64_t late_messages;

static _Noreturn void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) < 0)
        die("clock_gettime: %s", strerror(errno));
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static void record(uint64_t nanoseconds)
{
    int shift = 0;
    while ((nanoseconds >> shift) >= 2 * SUB)
        shift++;
    histogram[(uint64_t)shift * SUB + (nanoseconds >> shift)]++;
}

static double percentile(double fraction)
{
    uint64_t total = 0, seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        total += histogram[i];
    if (total == 0)
        return 0;
    uint64_t rank = (uint64_t)(fraction * (double)(total - 1));
    for (uint64_t i = 0; i < BUCKETS; i++) {
        seen += histogram[i];
        if (seen > rank) {
            int shift = i < 2 * SUB ? 0 : (int)(i / SUB) - 1;
            return (double)((i - (uint64_t)shift * SUB) << shift) / 1000;
        }
    }
    return 0;
}

static int open_socket(void)
{
    static uint32_t next_source;
    int fd = socket(AF_INET, (mode == UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket: %s", strerror(errno));
    int on = 1;
    struct timeval timeout = {.tv_sec = 5};
    if (mode != UDP)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout); // bounds connect()
    struct sockaddr_in source = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + next_source++ % SOURCES)};
    if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0)
        die("bind: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0)
        die("connect: %s", errno == EINPROGRESS ? "no answer within 5 s" : strerror(errno)); // SO_SNDTIMEO's way to say so
    return fd;
}

static void watch(struct connection *c, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll_fd, op, c->fd, &event) < 0)
        die("epoll_ctl: %s", strerror(errno));
}

static void open_connection(struct connection *c)
{
    *c = (struct connection){
        .fd = open_socket(), .start = (uint32_t)((c - connections) * 977 % PERIOD), .size = message_size};
    if (mode == MIXED && c == connections + connection_count - 1) {
        c->firehose = true;
        c->size = FIREHOSE_SIZE;
    }
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

// How far a connection's stream may be sent now.
static uint64_t send_limit(const struct connection *c)
{
    switch (phase) {
    case RAMP:
        return c->size;
    case DRAIN:
        return mode == OPEN ? c->due : c->sent;
    default:
        if (mode == OPEN)
            return c->due;
        return mode == STREAM ? c->received + c->size : (c->received / c->size + 1) * c->size;
    }
}

static void send_more(struct connection *c)
{
    uint64_t limit = send_limit(c);
    bool blocked = false;
    while (c->sent < limit && !blocked) {
        size_t length = limit - c->sent;
        size_t most = c->firehose ? FIREHOSE_CHUNK : CHUNK;
        if (length > most)
            length = most;
        ssize_t sent = send(c->fd, pattern + (c->start + c->sent) % PERIOD, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            die("send: %s", strerror(errno));
        if (sent > 0)
            c->sent += (uint64_t)sent;
        // The firehose gets one chunk a turn, so that it does not hold up the others here.
        blocked = sent < (ssize_t)length || c->firehose;
    }
    bool waits_for_room = c->sent < limit;
    if (waits_for_room != c->waits_for_room) {
        watch(c, EPOLL_CTL_MOD, waits_for_room ? EPOLLIN | EPOLLOUT : EPOLLIN);
        c->waits_for_room = waits_for_room;
    }
}

// A datagram is its offset in the socket's stream, then the pattern from there on.
static void send_datagram(struct connection *c, uint64_t time)
{
    memcpy(scratch, &c->received, sizeof c->received);
    memcpy(scratch + sizeof c->received, pattern + (c->start + c->received) % PERIOD, c->size - sizeof c->received);
    if (send(c->fd, scratch, c->size, MSG_DONTWAIT) < 0)
        die("send: %s", strerror(errno));
    c->datagram_sent_at = time;
    c->copies++;
    c->sent = c->received + c->size;
}

static void start_message(struct connection *c, uint64_t time)
{
    c->message_sent_at = time;
    if (mode == UDP)
        send_datagram(c, time);
    else
        send_more(c);
}

static uint64_t due_at(uint64_t message)
{
    return first_due_at + (uint64_t)((double)message * interval);
}

// Sends what has become due, which may be several messages after a turn that took long.
static void send_due(void)
{
    uint64_t time = now();
    if (time > due_at(next_due) + HOPELESS_AFTER)
        die("the load did not keep up with its rate");
    for (uint64_t due; (due = due_at(next_due)) <= time; next_due++) {
        struct connection *c = &connections[next_due % (uint64_t)connection_count];
        c->due += c->size;
        send_more(c);
        if (phase == MEASURE) {
            due_messages++;
            if (time - due > LATE_AFTER)
                late_messages++;
        }
    }
}

static void resend_lost(void)
{
    static uint64_t next_look;
    uint64_t time = now();
    if (time < next_look)
        return;
    next_look = time + RESEND_AFTER / 10;
    for (struct connection *c = connections; c < connections + opened; c++) {
        if (c->received == c->sent || time - c->datagram_sent_at < RESEND_AFTER)
            continue;
        if (phase == MEASURE)
            resent++;
        send_datagram(c, time);
    }
}

static void check_bytes(const struct connection *c, size_t length)
{
    const char *expected = pattern + (c->start + c->received) % PERIOD;
    size_t checked = length < CHECKED ? length : CHECKED;
    if (memcmp(scratch, expected, checked) != 0 ||
        memcmp(scratch + length - checked, expected + length - checked, checked) != 0)
        die("wrong bytes came back at offset %llu", (unsigned long long)c->received);
}

// Takes what is there, at most one chunk. True when bytes came.
static bool receive(struct connection *c)
{
    ssize_t received = recv(c->fd, scratch, c->firehose ? FIREHOSE_CHUNK : CHUNK, MSG_DONTWAIT);
    if (received == 0)
        die("the server closed a connection after %llu bytes", (unsigned long long)c->received);
    if (received < 0) {
        if (errno == EAGAIN)
            return false;
        die("recv: %s", strerror(errno));
    }
    if (c->received + (uint64_t)received > c->sent)
        die("more bytes came back than were sent");
    check_bytes(c, (size_t)received);
    c->received += (uint64_t)received;
    return true;
}

// Takes one datagram, if there is one. True when it is the one that is waited for.
static bool receive_datagram(struct connection *c)
{
    ssize_t length = recv(c->fd, scratch, CHUNK, MSG_DONTWAIT);
    if (length < 0) {
        if (errno == EAGAIN)
            return false;
        die("recv: %s", strerror(errno));
    }
    uint64_t offset;
    memcpy(&offset, scratch, sizeof offset);
    if ((uint64_t)length != c->size || offset >= c->sent ||
        memcmp(scratch + sizeof offset, pattern + (c->start + offset) % PERIOD, c->size - sizeof offset) != 0)
        die("a wrong datagram came back after %llu bytes", (unsigned long long)c->received);
    if (c->copies-- == 0)
        die("more datagrams came back than were sent");
    if (offset != c->received)
        return false; // it was sent again, and has been taken already
    c->received = c->sent;
    return true;
}

// A receive may end several messages of an open loop. The first of all was the ramp's.
static void record_due(const struct connection *c, uint64_t received_before)
{
    uint64_t time = now();
    for (uint64_t number = received_before / c->size; number < c->received / c->size; number++) {
        uint64_t due = due_at((number - 1) * (uint64_t)connection_count + (uint64_t)(c - connections));
        // One that was due in the window counts even if it comes back when that is over: it is the slowest that do.
        if (phase >= MEASURE && due >= measured_from)
            record(time - due);
    }
}

static void on_echo(struct connection *c)
{
    uint64_t before = c->received;
    if (!(mode == UDP ? receive_datagram(c) : receive(c)))
        return;
    if (phase == MEASURE)
        *(c->firehose ? &firehose_bytes : &chatty_bytes) += c->received - before;
    if (mode == STREAM && phase != RAMP) {
        send_more(c);
    } else if (mode == OPEN && phase != RAMP) {
        record_due(c, before);
        if (c->waits_for_room)
            send_more(c);
    } else if (c->received % c->size == 0) {
        uint64_t time = now();
        if (phase == MEASURE && !c->firehose)
            record(time - c->message_sent_at);
        if (phase == RAMP)
            ramped++;
        else if (phase != DRAIN)
            start_message(c, time);
    } else if (c->waits_for_room) {
        send_more(c);
    }
}

// One turn of churn: connect, send, and wait for the echo; the next echo event ends it.
static void churn_open(struct connection *c)
{
    open_connection(c);
    start_message(c, now());
    if (c->sent != c->size)
        die("a fresh socket did not take one message");
}

static void on_churn(struct connection *c)
{
    if (!receive(c) || c->received < c->size)
        return;
    if (phase == MEASURE) {
        churned++;
        chatty_bytes += c->size;
        record(now() - c->message_sent_at);
    }
    close(c->fd);
    if (phase != DRAIN)
        churn_open(c);
}

static void turn(void)
{
    struct epoll_event events[MAX_EVENTS];
    // An open loop never sleeps: messages leave when they are due, and no server's send has to wake the load.
    bool sends_by_time = mode == OPEN && (phase == WARMUP || phase == MEASURE);
    if (sends_by_time)
        send_due();
    int count = epoll_wait(epoll_fd, events, MAX_EVENTS, sends_by_time ? 0 : 100);
    if (count < 0 && errno != EINTR)
        die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        struct connection *c = events[i].data.ptr;
        if (mode == CHURN) {
            on_churn(c);
            continue;
        }
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            on_echo(c);
        if (events[i].events & EPOLLOUT)
            send_more(c);
        if (sends_by_time)
            send_due();
    }
    if (mode == UDP)
        resend_lost();
}

// Opens connections up to a number; each has had one message echoed when this returns.
static void ramp(int count)
{
    phase = RAMP;
    while (ramped < count) {
        if (ramped == opened) {
            for (int i = 0; i < RAMP_BATCH && opened < count; i++) {
                open_connection(&connections[opened]);
                start_message(&connections[opened++], now());
            }
        }
        turn();
    }
}

static void run_until(uint64_t deadline)
{
    while (now() < deadline)
        turn();
}

static bool all_echoed(void)
{
    for (int i = 0; i < connection_count; i++)
        if (connections[i].received != send_limit(&connections[i]))
            return false;
    return true;
}

static void drain(void)
{
    phase = DRAIN;
    uint64_t deadline = now() + 10000000000u;
    while (!all_echoed()) {
        if (now() > deadline)
            die("bytes are missing: not all that was sent came back within 10 s");
        turn();
    }
}

static uint64_t resident_bytes(int pid)
{
    char path[64], line[256];
    unsigned long long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file) != NULL && sscanf(line, "Rss: %llu kB", &kib) != 1)
        ;
    fclose(file);
    return kib * 1024;
}

// Resident memory once it has not changed for half a second, or after 5 s.
static uint64_t settled_resident_bytes(int pid)
{
    uint64_t value = resident_bytes(pid);
    for (int steady = 0, tries = 0; steady < 5 && tries < 50; tries++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        uint64_t next = resident_bytes(pid);
        steady = next == value ? steady + 1 : 0;
        value = next;
    }
    return value;
}

static void measure_idle(int pid)
{
    int base = connection_count / 9;
    ramp(base);
    uint64_t base_bytes = settled_resident_bytes(pid);
    ramp(connection_count);
    uint64_t all_bytes = settled_resident_bytes(pid);
    printf("{\"connections\":%d,\"residentBytes\":%llu,\"bytesPerConnection\":%.1f}\n", connection_count,
           (unsigned long long)all_bytes,
           ((double)all_bytes - (double)base_bytes) / (connection_count - base));
}

static void measure(int pid, double warmup, double seconds)
{
    clockid_t server_cpu;
    if (clock_getcpuclockid(pid, &server_cpu) != 0)
        die("no process %d", pid);
    if (mode == CHURN) {
        for (opened = 0; opened < connection_count; opened++)
            churn_open(&connections[opened]);
        phase = WARMUP;
    } else {
        ramp(connection_count);
        phase = WARMUP;
        first_due_at = now();
        for (int i = 0; i < connection_count; i++) {
            connections[i].due = connections[i].sent;
            if (mode != OPEN)
                start_message(&connections[i], now());
        }
    }
    run_until(now() + (uint64_t)(warmup * 1e9));

    phase = MEASURE;
    uint64_t start = measured_from = now();
    uint64_t server_start = read_clock(server_cpu), load_start = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    run_until(start + (uint64_t)(seconds * 1e9));
    uint64_t server_end = read_clock(server_cpu), load_end = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t end = now();
    drain();

    double elapsed = (double)(end - start) / 1e9;
    double messages = (double)chatty_bytes / (double)message_size;
    if ((double)resent * MOST_RESENT > messages)
        die("%llu datagrams were lost or late, %.0f came back", (unsigned long long)resent, messages);
    if (late_messages * MOST_LATE > due_messages)
        die("the load did not keep up with its rate: %llu of %llu messages left late", (unsigned long long)late_messages,
            (unsigned long long)due_messages);
    printf("{\"connections\":%d,\"size\":%llu,\"seconds\":%.6f,\"messages\":%.1f,\"bytes\":%llu,"
           "\"firehoseBytes\":%llu,\"serverCpuSeconds\":%.9f,\"loadCpuSeconds\":%.9f,"
           "\"p50Micros\":%.1f,\"p99Micros\":%.1f,\"p999Micros\":%.1f}\n",
           mode == MIXED ? connection_count - 1 : connection_count, (unsigned long long)message_size, elapsed,
           messages, (unsigned long long)chatty_bytes, (unsigned long long)firehose_bytes,
           (double)(server_end - server_start) / 1e9, (double)(load_end - load_start) / 1e9, percentile(0.5),
           percentile(0.99), percentile(0.999));
}

static enum mode parse_mode(const char *name)
{
    static const char *names[] = {"closed", "open", "stream", "mixed", "churn", "idle", "udp"};
    for (int i = 0; i < 7; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum mode)i;
    die("unknown mode %s", name);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},        {"pid", required_argument, NULL, 'i'},
        {"connections", required_argument, NULL, 'c'}, {"size", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'r'},
        {"warmup", required_argument, NULL, 'w'},      {"seconds", required_argument, NULL, 't'},
        {0}};
    int port = 0, pid = 0;
    double warmup = 0.5, seconds = 1, rate = 0;
    connection_count = 64;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'p':
            port = atoi(optarg);
            break;
        case 'i':
            pid = atoi(optarg);
            break;
        case 'c':
            connection_count = atoi(optarg);
            break;
        case 's':
            message_size = (uint64_t)atoll(optarg);
            break;
        case 'r':
            rate = atof(optarg);
            break;
        case 'w':
            warmup = atof(optarg);
            break;
        case 't':
            seconds = atof(optarg);
            break;
        default:
            return 2;
        }
    }
    if (optind != argc - 1 || port <= 0 || pid <= 0 || connection_count <= 0 || message_size == 0 || seconds <= 0)
        die("usage: loadgen closed|open|stream|mixed|churn|idle|udp --port N --pid N [--connections N] [--size BYTES] "
            "[--rate N] [--warmup SECONDS] [--seconds SECONDS]");
    mode = parse_mode(argv[optind]);
    if ((mode == OPEN) != (rate > 0))
        die("an open loop, and nothing else, has a rate");
    interval = 1e9 / rate;
    if (mode == MIXED)
        connection_count++;
    if (mode == IDLE)
        message_size = 1;
    if (mode == UDP && (message_size < sizeof(uint64_t) || message_size > MAX_DATAGRAM))
        die("a datagram has %zu to %d bytes here", sizeof(uint64_t), MAX_DATAGRAM);
    alarm((unsigned)(warmup + seconds) + 120); // a server that hangs must not hang the bench
    signal(SIGPIPE, SIG_IGN);

    for (int i = 0; i < PERIOD; i++)
        pattern[i] = (char)((i * 2654435761u) >> 13);
    for (int i = 0; i < CHUNK; i++)
        pattern[PERIOD + i] = pattern[i];
    connections = calloc((size_t)connection_count, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || epoll_fd < 0)
        die("epoll_create1: %s", strerror(errno));
    server = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    if (mode == IDLE)
        measure_idle(pid);
    else
        measure(pid, warmup, seconds);
    return 0;
}
