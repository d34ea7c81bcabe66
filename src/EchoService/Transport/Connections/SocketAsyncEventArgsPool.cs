namespace EchoService.Transport.Connections;

/// <summary>
/// Reusable event args, made on demand and kept: at most one per connection that the limit allows. The sample's pool,
/// which made them all up front.
/// </summary>
internal sealed class SocketAsyncEventArgsPool(int capacity) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Stack<ConnectionEventArgs> _free = new();
    private int _created;
    private int _inUse;
    private bool _disposed;

    /// <summary>The most that can be out at once.</summary>
    public int Capacity { get; } = capacity;

    /// <summary>How many exist.</summary>
    public int Created => Volatile.Read(ref _created);

    /// <summary>How many are out.</summary>
    public int InUse => Volatile.Read(ref _inUse);

    /// <summary>Lends event args to <paramref name="connection"/>.</summary>
    /// <exception cref="InvalidOperationException">More than <see cref="Capacity"/> are out: the connection limit was not held.</exception>
    public ConnectionEventArgs Rent(EchoLoop connection)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out var args))
            {
                if (_created == Capacity)
                {
                    throw new InvalidOperationException($"All {Capacity} event args are in use.");
                }

                args = new ConnectionEventArgs();
                _created++;
            }

            args.Connection = connection;
            _inUse++;
            return args;
        }
    }

    /// <summary>Takes event args back; no operation may be outstanding on them.</summary>
    public void Return(ConnectionEventArgs args)
    {
        args.Connection = null;
        lock (_lock)
        {
            _inUse--;
            if (!_disposed)
            {
                _free.Push(args);
                return;
            }
        }

        args.Dispose();
    }

    /// <summary>Frees what is in the pool; what is out is freed when it comes back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            while (_free.TryPop(out var args))
            {
                args.Dispose();
            }
        }
    }
}
