using System.Net.Sockets;

namespace EchoService.Transport.Accepting;

/// <summary>
/// What stands between the accept loops and the service. Closed, nobody gets in: each loop stops with whom it has
/// accepted, who cannot tell that from the backlog, and the backlog fills.
/// </summary>
internal sealed class AcceptGate
{
    private readonly Lock _lock = new();
    private List<(AcceptEventArgs Args, Socket Accepted)> _held = [];
    private volatile bool _isClosed;

    /// <summary>Takes whom a loop has accepted. False: the gate is open.</summary>
    public bool TryHold(AcceptEventArgs args, Socket accepted)
    {
        if (!_isClosed)
        {
            return false;
        }

        lock (_lock)
        {
            if (_isClosed)
            {
                _held.Add((args, accepted));
            }

            return _isClosed;
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
        }
    }

    /// <summary>Opens it: the loops go on with whom they had accepted.</summary>
    public void Open()
    {
        List<(AcceptEventArgs Args, Socket Accepted)> held;
        lock (_lock)
        {
            _isClosed = false;
            held = _held;
            _held = [];
        }

        held.ForEach(static one => one.Args.Continue(one.Accepted));
    }
}
