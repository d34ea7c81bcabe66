using System.Collections.Concurrent;
using System.Net.Sockets;
using EchoService.Transport.Connections;

namespace EchoService.Transport.Fairness;

/// <summary>
/// Where a connection that has had its turn waits for the next one: at the end of the socket thread's own queue of
/// events, behind every connection that became ready meanwhile.
/// </summary>
/// <remarks>
/// <para>
/// It rings a <see cref="Bell"/>, which the socket thread hears after the events it already has. One byte is under way
/// at a time, however many connections wait; the heartbeat rings again for one that was lost.
/// </para>
/// <para>
/// That serves two ends. A firehose goes to the back of the line after each turn; handed to the thread pool instead,
/// it would run on a second thread, and the kernel would give it half of the core. And under load a receive that is
/// posted after the other connections' events finds its data there, where one that is posted at once asks the kernel
/// in vain before it waits. Both are measured in <c>docs/performance.md</c>.
/// </para>
/// </remarks>
internal sealed class Turnstile : SocketAsyncEventArgs
{
    /// <summary>Connections that must share a byte for it to cost less than the receives in vain that it saves.</summary>
    private const int WorthABell = 8;

    /// <summary>Connections that pass together, from which on a stream gets one receive at a time and not a whole turn.</summary>
    private const int Crowd = 16;

    /// <summary>Messages for which nobody waits without need after too few did; then it is tried again.</summary>
    private const int MessagesUntilRetry = 512;

    [ThreadStatic]
    private static Turnstile? _current;

    private readonly object _owner;
    private readonly Bell _bell;

    // Those that came on the socket thread itself, which alone touches these four...
    private List<EchoLoop> _waiting = [];
    private List<EchoLoop> _passing = [];
    private readonly Queue<IThreadPoolWorkItem> _others = new();
    private int _messagesUntilRetry;

    // ...and those that came on any other thread.
    private readonly ConcurrentQueue<EchoLoop> _waitingFromElsewhere = new();
    private int _rung;

    // The heartbeat's own.
    private bool _unheard;

    /// <summary>Starts to listen to the bell.</summary>
    /// <param name="owner">Whose connections pass here; <see cref="OfThisThread"/> asks for it.</param>
    /// <param name="bell">What is rung for them; the turnstile owns it.</param>
    public Turnstile(object owner, Bell bell)
        : base(true)
    {
        _owner = owner;
        _bell = bell;
        SetBuffer(new byte[1], 0, 1);
        _bell.ListenAsync(this);
        // The first event tells the socket thread that serves this socket which turnstile is its own.
        _rung = 1;
        _bell.Ring();
    }

    /// <summary>The turnstile whose events the calling thread handles, or null where there is none of that owner.</summary>
    public static Turnstile? OfThisThread(object owner) =>
        _current is { } current && ReferenceEquals(current._owner, owner) ? current : null;

    /// <summary>Whether so many pass here that nobody is to have more than one receive. Only for <see cref="OfThisThread"/>.</summary>
    public bool IsCrowded => _passing.Count >= Crowd || _waiting.Count >= Crowd;

    /// <summary>
    /// Takes <paramref name="connection"/>, which could as well go on at once, if so many wait here that it is worth
    /// it. Only for <see cref="OfThisThread"/>.
    /// </summary>
    public bool TryEnqueue(EchoLoop connection)
    {
        if (_messagesUntilRetry > 0)
        {
            _messagesUntilRetry--;
            return false;
        }

        Enqueue(connection);
        return true;
    }

    /// <summary>Lets <paramref name="connection"/> go on after the events that are already waiting. Only for <see cref="OfThisThread"/>.</summary>
    public void Enqueue(EchoLoop connection)
    {
        _waiting.Add(connection);
        Ring();
    }

    /// <summary>The same for work that is no connection's. Only for <see cref="OfThisThread"/>.</summary>
    public void Enqueue(IThreadPoolWorkItem work)
    {
        _others.Enqueue(work);
        Ring();
    }

    /// <summary>Lets <paramref name="connection"/> go on likewise, from any thread.</summary>
    public void EnqueueFromElsewhere(EchoLoop connection)
    {
        _waitingFromElsewhere.Enqueue(connection);
        Ring();
    }

    /// <summary>Rings once more if the byte that was sent a beat ago has not been heard: it may be lost, and one too many does no harm.</summary>
    public void RingAgain()
    {
        var rung = Volatile.Read(ref _rung);
        if (rung != 0 && _unheard)
        {
            _bell.Ring();
        }

        _unheard = rung != 0;
    }

    /// <summary>Closes the bell. Nobody may be waiting or come here any more.</summary>
    public void Close() => _bell.Dispose();

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (!Thread.CurrentThread.IsThreadPoolThread)
        {
            // Completions run inline, so this is the one thread that serves this socket. Where they do not, nobody
            // finds a turnstile of their thread, and all come from elsewhere.
            _current = this;
        }

        if (SocketError == SocketError.Success)
        {
            try
            {
                // Posted before anyone goes on, so that a byte rung from here on is an event behind all others.
                while (!_bell.ListenAsync(this) && SocketError == SocketError.Success)
                {
                }
            }
            catch (ObjectDisposedException)
            {
                // Closed: nobody waits any more.
            }
        }

        // A full fence between this and the looks at the queues: whoever enqueues later rings again.
        Interlocked.Exchange(ref _rung, 0);
        // Only those that are here now: who comes back meanwhile has had a turn and waits for the next event.
        (_waiting, _passing) = (_passing, _waiting);
        if (_passing.Count < WorthABell && _others.Count == 0)
        {
            _messagesUntilRetry = MessagesUntilRetry;
        }

        LetThrough(_passing);
        _passing.Clear();
        LetThroughFromElsewhere();
        for (var count = _others.Count; count > 0; count--)
        {
            _others.Dequeue().Execute();
        }
    }

    /// <remarks>
    /// While one connection is in the kernel, the processor fetches what the next one's turn will touch: with a
    /// thousand of them it is in no cache any more. See <c>docs/performance.md</c>.
    /// </remarks>
    private static void LetThrough(List<EchoLoop> connections)
    {
        for (var i = 0; i < connections.Count; i++)
        {
            if (i + 2 < connections.Count)
            {
                ConnectionCacheHints.Fetch(connections[i + 2]);
                connections[i + 1].FetchSocketIntoCache();
            }

            connections[i].Continue();
        }
    }

    private void Ring()
    {
        if (Volatile.Read(ref _rung) == 0 && Interlocked.Exchange(ref _rung, 1) == 0)
        {
            _bell.Ring();
        }
    }

    private void LetThroughFromElsewhere()
    {
        for (var count = _waitingFromElsewhere.Count; count > 0 && _waitingFromElsewhere.TryDequeue(out var connection); count--)
        {
            connection.Continue();
        }
    }
}
