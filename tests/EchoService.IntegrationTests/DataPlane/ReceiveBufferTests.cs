using System.Net.Sockets;
using EchoService.Transport.Buffers;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>When a connection counts as busy, and when as quiet again.</summary>
public sealed class ReceiveBufferTests
{
    private const int Small = 64;
    private const int Large = 1024;

    [Fact]
    public void ABusyConnectionIsQuietAgainAfterManyShortReads()
    {
        var buffer = new ReceiveBuffer(new BufferManager(Small, Large, Large));
        buffer.NoteFill(Small, Small);
        buffer.IsBusy.ShouldBeTrue();
        for (var i = 1; i < ReceiveBuffer.ShortReadsUntilQuiet; i++)
        {
            buffer.NoteFill(1, Large);
            buffer.IsBusy.ShouldBeTrue();
        }

        buffer.NoteFill(1, Large);
        buffer.IsBusy.ShouldBeFalse();
    }

    [Fact]
    public void OneLongReadAmongTheShortOnesKeepsItBusy()
    {
        var buffer = new ReceiveBuffer(new BufferManager(Small, Large, Large));
        buffer.NoteFill(Small, Small);
        for (var i = 0; i < 10 * ReceiveBuffer.ShortReadsUntilQuiet; i++)
        {
            buffer.NoteFill(i % 8 == 0 ? Small + 1 : 1, Large);
            buffer.IsBusy.ShouldBeTrue();
        }
    }

    [Fact]
    public void AFullReadBeginsTheCountOfShortOnesAnew()
    {
        var buffer = new ReceiveBuffer(new BufferManager(Small, Large, Large));
        buffer.NoteFill(Small, Small);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 1; i < ReceiveBuffer.ShortReadsUntilQuiet; i++)
            {
                buffer.NoteFill(1, Large);
                buffer.IsBusy.ShouldBeTrue();
            }

            buffer.NoteFill(Large, Large);
            buffer.IsBusy.ShouldBeTrue();
        }
    }

    [Fact]
    public void WhatIsGivenBackIsNotPointedToAnyLonger()
    {
        using var args = new SocketAsyncEventArgs();
        var buffer = new ReceiveBuffer(new BufferManager(Small, Large, Large));
        buffer.TryOfferLarge(args).ShouldBeTrue();
        buffer.ReturnLarge(args);
        args.Buffer.ShouldBeSameAs(buffer.Small.Array);
        (args.Offset, args.Count).ShouldBe((buffer.Small.Offset, Small));
        buffer.Return(args);
    }

    [Fact]
    public void NobodyIsBusyWhereThereAreNoLargeSegments()
    {
        var buffer = new ReceiveBuffer(new BufferManager(Small, Small, Large));
        buffer.NoteFill(Small, Small);
        buffer.IsFilled.ShouldBeTrue();
        buffer.IsBusy.ShouldBeFalse();
    }

    [Fact]
    public void GivesBackAllThatItBorrowed()
    {
        var manager = new BufferManager(Small, Large, Large);
        using var args = new SocketAsyncEventArgs();
        var buffer = new ReceiveBuffer(manager);
        buffer.TryOfferLarge(args).ShouldBeTrue();
        args.Count.ShouldBe(Large);
        manager.BytesInUse.ShouldBe(Small + Large);
        buffer.Return(args);
        manager.BytesInUse.ShouldBe(0);
        args.Buffer.ShouldBeNull();
    }
}
