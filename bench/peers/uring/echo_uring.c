// Single-threaded io_uring echo: multishot accept, receives into buffers that the kernel picks
// from one shared ring, so that an idle connection holds none. The ring is used in turn, so it has
// no more buffers than were ever needed at once: few connections stay within the cache.
// `echo_uring PORT`.
#define _GNU_SOURCE
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 64 * 1024,
    BUFFER_COUNT = 4096,
    RING_ENTRIES = 4096,
    MAX_FDS = 65536,
    GROUP = 0,
};

enum operation { ACCEPT, RECEIVE, SEND };

// What a completion belongs to, packed into its 64 bits of user data.
union token {
    uint64_t value;
    struct {
        uint32_t fd;
        uint16_t buffer;
        uint16_t operation;
    };
};

static struct io_uring ring;
static struct io_uring_buf_ring *free_buffers;
static char *buffers;
static int buffers_in_use; // in the ring or under way
static bool more_to_read[MAX_FDS];
static int starved[MAX_FDS]; // connections whose receive found no buffer free
static int starved_count;

static void die(const char *what, int error)
{
    fprintf(stderr, "%s: %s\n", what, strerror(error));
    exit(1);
}

static struct io_uring_sqe *next_sqe(union token token)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    if (sqe == NULL) {
        int result = io_uring_submit(&ring);
        if (result < 0)
            die("io_uring_submit", -result);
        sqe = io_uring_get_sqe(&ring);
        if (sqe == NULL)
            die("io_uring_get_sqe", EBUSY);
    }
    sqe->user_data = token.value;
    return sqe;
}

static void post_accept(int listener)
{
    union token token = {.fd = (uint32_t)listener, .operation = ACCEPT};
    struct io_uring_sqe *sqe = next_sqe(token);
    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
    sqe->user_data = token.value;
}

static void post_receive(int fd)
{
    union token token = {.fd = (uint32_t)fd, .operation = RECEIVE};
    struct io_uring_sqe *sqe = next_sqe(token);
    io_uring_prep_recv(sqe, fd, NULL, BUFFER_SIZE, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    // An attempt that is known to find nothing is left out.
    if (!more_to_read[fd])
        sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    sqe->user_data = token.value;
}

static void post_send(int fd, uint16_t buffer, size_t length)
{
    union token token = {.fd = (uint32_t)fd, .buffer = buffer, .operation = SEND};
    struct io_uring_sqe *sqe = next_sqe(token);
    // MSG_WAITALL: the kernel goes on after a short send, so a completion is a whole echo.
    io_uring_prep_send(sqe, fd, buffers + (size_t)buffer * BUFFER_SIZE, length, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->user_data = token.value;
}

static void put_into_ring(uint16_t buffer)
{
    io_uring_buf_ring_add(free_buffers, buffers + (size_t)buffer * BUFFER_SIZE, BUFFER_SIZE, buffer,
                          io_uring_buf_ring_mask(BUFFER_COUNT), 0);
    io_uring_buf_ring_advance(free_buffers, 1);
}

static void give_back(uint16_t buffer)
{
    put_into_ring(buffer);
    if (starved_count > 0)
        post_receive(starved[--starved_count]);
}

static void on_accept(const struct io_uring_cqe *cqe, int listener)
{
    if (cqe->res >= MAX_FDS) {
        close(cqe->res);
    } else if (cqe->res >= 0) {
        int on = 1;
        setsockopt(cqe->res, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        more_to_read[cqe->res] = true;
        post_receive(cqe->res);
    } else if (cqe->res != -ECONNABORTED && cqe->res != -EINTR) {
        die("accept", -cqe->res);
    }
    if (!(cqe->flags & IORING_CQE_F_MORE))
        post_accept(listener);
}

static void on_receive(const struct io_uring_cqe *cqe, int fd)
{
    if (cqe->res == -ENOBUFS) {
        more_to_read[fd] = true;
        if (buffers_in_use < BUFFER_COUNT) {
            put_into_ring((uint16_t)buffers_in_use++);
            post_receive(fd);
        } else {
            starved[starved_count++] = fd;
        }
        return;
    }
    uint16_t buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
    if (cqe->res > 0) {
        more_to_read[fd] = (cqe->flags & IORING_CQE_F_SOCK_NONEMPTY) != 0;
        post_send(fd, buffer, (size_t)cqe->res);
        return;
    }
    if (cqe->flags & IORING_CQE_F_BUFFER)
        give_back(buffer);
    close(fd);
}

static void on_send(const struct io_uring_cqe *cqe, int fd, uint16_t buffer)
{
    give_back(buffer);
    if (cqe->res < 0)
        close(fd);
    else
        post_receive(fd);
}

static void create_buffers(void)
{
    size_t ring_size = BUFFER_COUNT * sizeof(struct io_uring_buf);
    size_t size = (size_t)BUFFER_COUNT * BUFFER_SIZE;
    free_buffers = mmap(NULL, ring_size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    buffers = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
    if (free_buffers == MAP_FAILED || buffers == MAP_FAILED)
        die("mmap", errno);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uint64_t)(uintptr_t)free_buffers, .ring_entries = BUFFER_COUNT, .bgid = GROUP};
    int result = io_uring_register_buf_ring(&ring, &registration, 0);
    if (result < 0)
        die("io_uring_register_buf_ring", -result);
    io_uring_buf_ring_init(free_buffers);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0)
        die("socket", errno);
    int on = 1, off = 0;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(argv[1])), .sin6_addr = in6addr_any};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0)
        die("bind", errno);
    if (listen(listener, 512) < 0)
        die("listen", errno);

    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = 65536}; // the kernel's most; it keeps what does not fit
    int result = io_uring_queue_init_params(RING_ENTRIES, &ring, &params);
    if (result < 0)
        die("io_uring_queue_init_params", -result);
    create_buffers();
    post_accept(listener);

    for (;;) {
        result = io_uring_submit_and_wait(&ring, 1);
        if (result < 0 && result != -EINTR)
            die("io_uring_submit_and_wait", -result);
        struct io_uring_cqe *cqe;
        unsigned head, count = 0;
        io_uring_for_each_cqe(&ring, head, cqe) {
            union token token = {.value = cqe->user_data};
            switch (token.operation) {
            case ACCEPT:
                on_accept(cqe, (int)token.fd);
                break;
            case RECEIVE:
                on_receive(cqe, (int)token.fd);
                break;
            case SEND:
                on_send(cqe, (int)token.fd, token.buffer);
                break;
            }
            count++;
        }
        io_uring_cq_advance(&ring, count);
    }
}
