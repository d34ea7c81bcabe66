using System.Net.Sockets;

namespace EchoService.Transport.Accepting;

/// <summary>
/// File descriptors held for the moment when there are no more. The runtime ends the process when it cannot start a
/// thread for lack of one, so they are let go when an accept finds none, and nobody is accepted until they are held
/// again.
/// </summary>
/// <remarks>Sockets, since they can be had without a path and without a file system.</remarks>
internal sealed class DescriptorReserve(int count, AddressFamily addressFamily)
{
    private readonly Lock _lock = new();
    private readonly Stack<Socket> _held = new(count);
    private volatile bool _isHeld;
    private bool _closed;

    /// <summary>Takes hold of the descriptors, all or none. True: they are held, and others are left.</summary>
    public bool TryHold()
    {
        if (_isHeld)
        {
            return true;
        }

        lock (_lock)
        {
            try
            {
                while (!_closed && _held.Count < count)
                {
                    _held.Push(new Socket(addressFamily, SocketType.Dgram, ProtocolType.Udp));
                }

                _isHeld = true;
                return true;
            }
            catch (SocketException)
            {
                Release();
                return false;
            }
        }
    }

    /// <summary>Lets go of them, for whoever needs one now.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _isHeld = false;
            while (_held.TryPop(out var socket))
            {
                socket.Dispose();
            }
        }
    }

    /// <summary>Lets go of them for good. Whoever asks for a hold after that is not held up.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            Release();
        }
    }
}
