using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EchoService.Bench.Floor;

/// <summary>
/// The C peer's level-triggered TCP server (<c>bench/peers/epoll/echo_epoll.c</c>), call for call in C#: what the
/// language and the runtime cost where <see cref="System.Net.Sockets.Socket"/> is not in the way.
/// </summary>
internal static unsafe class EpollServer
{
    private const int BufferSize = 64 * 1024;
    private const int MaxDescriptors = 65536;
    private const int MaxEvents = 512;

    // Set by Run: a static constructor would be looked for at every access.
    private static Pending[] _pending = null!;
    private static byte* _buffer;
    private static int _epoll;

    /// <summary>What the kernel has not taken of an echo; nothing is read from its connection meanwhile.</summary>
    private struct Pending
    {
        public byte[]? Data;
        public int Offset;
    }

    /// <summary>Returns the process's exit code, and not at all while all goes well.</summary>
    public static int Run(ushort port)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            Console.Error.WriteLine("epoll_event is laid out here as on x64");
            return 2;
        }

        _pending = new Pending[MaxDescriptors];
        _buffer = (byte*)NativeMemory.Alloc(BufferSize);
        var listener = Listen(port);
        _epoll = Check(LibC.EpollCreate1(LibC.CloseOnExec), "epoll_create1");
        Watch(LibC.EpollAdd, listener, LibC.EpollIn);

        var events = stackalloc EpollEvent[MaxEvents];
        while (true)
        {
            var count = LibC.EpollWait(_epoll, events, MaxEvents, -1);
            if (count < 0 && Marshal.GetLastPInvokeError() != LibC.Interrupted)
            {
                return Fail("epoll_wait");
            }

            for (var i = 0; i < count; i++)
            {
                var descriptor = events[i].Descriptor;
                if (descriptor == listener)
                {
                    AcceptAll(listener);
                }
                else
                {
                    Serve(descriptor);
                }
            }
        }
    }

    private static int Listen(ushort port)
    {
        var listener = Check(LibC.Socket(LibC.InterNetworkV6, LibC.Stream | LibC.NonBlocking | LibC.CloseOnExec, 0), "socket");
        SetOption(listener, LibC.SolSocket, LibC.ReuseAddress, 1);
        SetOption(listener, LibC.SolIPv6, LibC.IPv6Only, 0);

        // struct sockaddr_in6: family in the machine's order, port in the network's; all else is zero, so any address.
        Span<byte> address = stackalloc byte[28];
        address.Clear();
        MemoryMarshal.Write(address, (ushort)LibC.InterNetworkV6);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], port);
        fixed (byte* start = address)
        {
            Check(LibC.Bind(listener, start, (uint)address.Length), "bind");
        }

        Check(LibC.Listen(listener, 512), "listen");
        return listener;
    }

    private static void AcceptAll(int listener)
    {
        while (true)
        {
            var descriptor = LibC.Accept4(listener, null, null, LibC.NonBlocking | LibC.CloseOnExec);
            if (descriptor < 0)
            {
                switch (Marshal.GetLastPInvokeError())
                {
                    case LibC.Again:
                        return;
                    case LibC.ConnectionAborted or LibC.Interrupted:
                        continue;
                    default:
                        Environment.Exit(Fail("accept4"));
                        return;
                }
            }

            if (descriptor >= MaxDescriptors)
            {
                _ = LibC.Close(descriptor);
                continue;
            }

            SetOption(descriptor, LibC.SolTcp, LibC.NoDelay, 1);
            Watch(LibC.EpollAdd, descriptor, LibC.EpollIn);
        }
    }

    private static void Serve(int descriptor)
    {
        if (_pending[descriptor].Data is null)
        {
            EchoOnce(descriptor);
        }
        else if (Flush(descriptor))
        {
            Watch(LibC.EpollModify, descriptor, LibC.EpollIn);
        }
    }

    private static void EchoOnce(int descriptor)
    {
        var received = LibC.Receive(descriptor, _buffer, BufferSize, 0);
        if (received <= 0)
        {
            if (received == 0 || Marshal.GetLastPInvokeError() != LibC.Again)
            {
                CloseConnection(descriptor);
            }

            return;
        }

        var sent = LibC.Send(descriptor, _buffer, (nuint)received, LibC.NoSignal);
        if (sent < 0)
        {
            if (Marshal.GetLastPInvokeError() != LibC.Again)
            {
                CloseConnection(descriptor);
                return;
            }

            sent = 0;
        }

        if (sent < received)
        {
            _pending[descriptor] = new Pending { Data = new ReadOnlySpan<byte>(_buffer + sent, (int)(received - sent)).ToArray() };
            Watch(LibC.EpollModify, descriptor, LibC.EpollOut);
        }
    }

    /// <summary>Sends what is left of an echo. True when nothing is pending any more.</summary>
    private static bool Flush(int descriptor)
    {
        ref var pending = ref _pending[descriptor];
        fixed (byte* data = pending.Data)
        {
            while (pending.Offset < pending.Data!.Length)
            {
                var sent = LibC.Send(descriptor, data + pending.Offset, (nuint)(pending.Data.Length - pending.Offset), LibC.NoSignal);
                if (sent < 0)
                {
                    if (Marshal.GetLastPInvokeError() != LibC.Again)
                    {
                        CloseConnection(descriptor);
                    }

                    return false;
                }

                pending.Offset += (int)sent;
            }
        }

        pending = default;
        return true;
    }

    private static void CloseConnection(int descriptor)
    {
        _pending[descriptor] = default;
        _ = LibC.Close(descriptor);
    }

    private static void Watch(int operation, int descriptor, uint events)
    {
        var wanted = new EpollEvent { Events = events, Descriptor = descriptor };
        Check(LibC.EpollControl(_epoll, operation, descriptor, &wanted), "epoll_ctl");
    }

    private static void SetOption(int descriptor, int level, int name, int value) =>
        Check(LibC.SetSocketOption(descriptor, level, name, &value, sizeof(int)), "setsockopt");

    private static int Check(int result, string what)
    {
        if (result < 0)
        {
            Environment.Exit(Fail(what));
        }

        return result;
    }

    private static int Fail(string what)
    {
        Console.Error.WriteLine($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
        return 1;
    }
}
