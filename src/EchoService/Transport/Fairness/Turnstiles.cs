using EchoService.Transport.Connections;

namespace EchoService.Transport.Fairness;

/// <summary>A turnstile for each socket thread, and the choice between them.</summary>
internal sealed class Turnstiles : IDisposable
{
    // The runtime hands sockets to its threads in turn (SocketAsyncEngine.Unix.cs).
    private readonly Turnstile[] _all;

    /// <param name="newBell">Makes the bell of each.</param>
    public Turnstiles(Func<Bell> newBell) =>
        _all = [.. Enumerable.Range(0, InlineCompletions.ThreadCount).Select(_ => new Turnstile(this, newBell()))];

    /// <summary>Whether so many wait on the calling thread that nobody is to have more than one receive.</summary>
    public bool IsCrowded => Turnstile.OfThisThread(this) is { IsCrowded: true };

    /// <summary>Lets <paramref name="connection"/> go on when the others have had their turn.</summary>
    /// <param name="connection">A connection with no operation outstanding and no bytes in hand.</param>
    /// <param name="turnIsOver">Whether it has to wait; otherwise it does if that saves work.</param>
    /// <returns>False: it may go on at once.</returns>
    public bool TryYield(EchoLoop connection, bool turnIsOver)
    {
        if (Turnstile.OfThisThread(this) is { } turnstile)
        {
            if (!turnIsOver)
            {
                return turnstile.TryEnqueue(connection);
            }

            turnstile.Enqueue(connection);
        }
        else if (turnIsOver)
        {
            _all[(int)(connection.Id % _all.Length)].EnqueueFromElsewhere(connection);
        }

        return turnIsOver;
    }

    /// <summary>Lets work that is no connection's go on when the others have had their turn.</summary>
    /// <param name="work">What is to go on: here if the caller is on a socket thread, else on the pool.</param>
    public void Yield(IThreadPoolWorkItem work)
    {
        if (Turnstile.OfThisThread(this) is { } turnstile)
        {
            turnstile.Enqueue(work);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }
    }

    /// <summary>Rings again for those whose bell was not heard. Called at every heartbeat.</summary>
    public void RingAgain()
    {
        foreach (var turnstile in _all)
        {
            turnstile.RingAgain();
        }
    }

    /// <summary>Closes them. Nobody may be waiting any more.</summary>
    public void Dispose()
    {
        foreach (var turnstile in _all)
        {
            turnstile.Close();
        }
    }
}
