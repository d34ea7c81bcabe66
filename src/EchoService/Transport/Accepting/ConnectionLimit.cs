namespace EchoService.Transport.Accepting;

/// <summary>Counts connections against <c>Echo:MaxConnections</c>: the sample's semaphore, which nobody blocks on.</summary>
internal sealed class ConnectionLimit(int limit)
{
    private readonly Lock _lock = new();
    private readonly Queue<AcceptEventArgs> _waiting = new();
    private int _taken;
    private int _active;
    private int _peak;

    /// <summary>The most connections at once.</summary>
    public int Limit { get; } = limit;

    /// <summary>Connections now.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>The most connections there have been at once.</summary>
    public int Peak => Volatile.Read(ref _peak);

    /// <summary>Takes a place for a connection, or says that there is none.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            if (_taken == Limit)
            {
                return false;
            }

            _taken++;
            return true;
        }
    }

    /// <summary>Takes a place for a connection yet to be accepted; where there is none, <paramref name="accept"/> waits for one.</summary>
    public bool TryTakeOrWait(AcceptEventArgs accept)
    {
        lock (_lock)
        {
            if (_taken == Limit)
            {
                _waiting.Enqueue(accept);
                return false;
            }

            _taken++;
            return true;
        }
    }

    /// <summary>Someone connected on a place taken before.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            _active++;
            _peak = Math.Max(_peak, _active);
        }
    }

    /// <summary>A connection ended: its place is free.</summary>
    /// <returns>How many are left.</returns>
    public int Leave()
    {
        int left;
        lock (_lock)
        {
            left = --_active;
        }

        GiveBack();
        return left;
    }

    /// <summary>Gives a place back that nobody connected on; an accept that waits gets it at once.</summary>
    public void GiveBack()
    {
        AcceptEventArgs? next;
        lock (_lock)
        {
            // Given back first: the accept that goes on takes a place for itself, or waits again.
            _taken--;
            // An accept may have come to wait while its listener was being closed. Woken, it would do nothing, and one
            // of the next listener's would wait for ever.
            while (_waiting.TryDequeue(out next) && next.IsClosed)
            {
            }
        }

        next?.Continue();
    }
}
