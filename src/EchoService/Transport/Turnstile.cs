using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace EchoService.Transport;

/// <summary>
/// Where a connection that has used up its turn waits for the next one: at the end of the socket thread's own queue
/// of events, behind every connection that became ready meanwhile.
/// </summary>
/// <remarks>
/// It is a datagram socket connected to itself. A byte sent to it is an event like any other, so the socket thread
/// gets to it after the events it already has. Handing the loop to the thread pool instead would make a second thread
/// compete with the socket thread for the core, and the kernel would give a firehose half of it
/// (<c>docs/performance.md</c> has both measured). One byte is under way at a time, however many connections wait.
/// </remarks>
internal sealed class Turnstile : SocketAsyncEventArgs
{
    private static readonly byte[] OneByte = [0];

    [ThreadStatic]
    private static Turnstile? _current;

    private readonly ConcurrentQueue<EchoConnection> _waiting = new();
    private readonly Socket _bell;
    private readonly object _owner;
    private int _rung;

    /// <summary>Opens the socket and starts to listen to it.</summary>
    /// <param name="owner">Whose connections pass here; <see cref="OfThisThread"/> asks for it.</param>
    /// <exception cref="SocketException">No socket could be had.</exception>
    public Turnstile(object owner)
        : base(true)
    {
        _owner = owner;
        _bell = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            _bell.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            // Connected to itself, it takes datagrams from nobody else.
            _bell.Connect(_bell.LocalEndPoint!);
            SetBuffer(new byte[1], 0, 1);
            _bell.ReceiveAsync(this);
            // The first event tells the socket thread that serves this socket which turnstile is its own.
            _rung = 1;
            _bell.Send(OneByte);
        }
        catch
        {
            _bell.Dispose();
            throw;
        }
    }

    /// <summary>The turnstile whose events the calling thread handles, or null where there is none of that owner.</summary>
    public static Turnstile? OfThisThread(object owner) =>
        _current is { } current && ReferenceEquals(current._owner, owner) ? current : null;

    /// <summary>Lets <paramref name="connection"/> go on after the events that are already waiting.</summary>
    public void Enqueue(EchoConnection connection)
    {
        _waiting.Enqueue(connection);
        if (Interlocked.Exchange(ref _rung, 1) == 0)
        {
            Ring();
        }
    }

    /// <summary>Closes the socket. Connections still waiting go on once more, find their sockets closed, and end.</summary>
    public void Close() => _bell.Dispose();

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        _current = this;
        if (SocketError == SocketError.Success)
        {
            try
            {
                // Posted before anyone goes on, so that a byte rung from here on is an event behind all others.
                while (!_bell.ReceiveAsync(this) && SocketError == SocketError.Success)
                {
                }
            }
            catch (ObjectDisposedException)
            {
                // Closed: let those who wait go on below, for the last time.
            }
        }

        LetThrough();
    }

    private void LetThrough()
    {
        // A full fence between this and the count: whoever enqueues later rings again.
        Interlocked.Exchange(ref _rung, 0);
        // Only those that are here now: who comes back meanwhile has had a turn and waits for the next event.
        for (var count = _waiting.Count; count > 0 && _waiting.TryDequeue(out var connection); count--)
        {
            connection.OnOperationCompleted();
        }
    }

    private void Ring()
    {
        try
        {
            _bell.Send(OneByte, SocketFlags.None, out var error);
            if (error == SocketError.Success)
            {
                return;
            }
        }
        catch (ObjectDisposedException)
        {
            // The server is gone; see below.
        }

        // No event will come. The thread pool takes over, so that nobody waits for ever.
        ThreadPool.UnsafeQueueUserWorkItem(static turnstile => turnstile.LetThrough(), this, preferLocal: false);
    }
}
