using System.Net;
using System.Text;
using System.Text.Json;
using EchoService.Configuration;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>Addresses and ranges are read by the letter, and alike in settings, queries and bodies.</summary>
public sealed class AddressNotationTests : ApiTests
{
    [Theory]
    [InlineData("010.0.0.0/8")]
    [InlineData("10/8")]
    [InlineData("192.168/16")]
    [InlineData("0x0a.0.0.0/8")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("10.0.0.0/ 8")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/33")]
    [InlineData("fd00::/129")]
    [InlineData("[fd00::]/8")]
    [InlineData("::ffff:010.0.0.1/128")]
    [InlineData("::ffff:10.0.0.0/104", "10.0.0.0/8")]
    [InlineData("::ffff:0:0/96", "0.0.0.0/0")]
    public async Task WhatCouldBeAnotherNetworkIsRefusedEverywhere(string range, string? instead = null)
    {
        var setting = Should.Throw<StartupException>(() => EchoServiceApplication.Build([$"--Echo:TrustedProxies={range}", "--Echo:ProxyProtocol=required"])).Problems.ShouldHaveSingleItem();
        setting.ShouldStartWith($"Echo:TrustedProxies = \"{range}\": must be address ranges");
        var query = (await Api.GetAsync($"/clients?remote={Uri.EscapeDataString(range)}")).ShouldBeProblem(HttpStatusCode.BadRequest);
        var body = (await CloseAsync(range)).ShouldBeProblem(HttpStatusCode.BadRequest);
        string[] texts = [setting, Error(query), Error(body)];
        texts.ShouldAllBe(text => instead == null || text.EndsWith($"for {range} write {instead}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.9.9.9/8")] // host bits are masked
    [InlineData("127.0.0.1/32")]
    [InlineData("0.0.0.0/0")]
    [InlineData("::ffff:127.0.0.1")]
    public async Task FindsAnIPv4ClientOfTheDualStackListener(string range)
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(1);
        (await Api.GetAsync($"/clients?remote={Uri.EscapeDataString(range)}")).ShouldBe(HttpStatusCode.OK).GetProperty("total").GetInt32().ShouldBe(1);
        (await CloseAsync(range)).ShouldBe(HttpStatusCode.Accepted).GetProperty("matched").GetInt32().ShouldBe(1);
    }

    [Theory]
    [InlineData("128.0.0.0/8")]
    [InlineData("::/0")]
    [InlineData("::1/128")]
    public async Task FindsNoOther(string range)
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(1);
        (await Api.GetAsync($"/clients?remote={Uri.EscapeDataString(range)}")).ShouldBe(HttpStatusCode.OK).GetProperty("total").GetInt32().ShouldBe(0);
    }

    [Theory]
    [InlineData("010.0.0.1")]
    [InlineData("127.1")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("[::1]")]
    public void TheAddressToBindIsToo(string address) =>
        Should.Throw<StartupException>(() => EchoServiceApplication.Build([$"--Echo:Address={address}"])).Problems.ShouldHaveSingleItem()
            .ShouldBe($"Echo:Address = \"{address}\": must be an IPv4 or IPv6 address such as 0.0.0.0 or ::");

    private static string Error(ApiResponse response) => response.Json.GetProperty("errors").GetProperty("remote")[0].GetString()!;

    private Task<ApiResponse> CloseAsync(string remote) => Api.SendAsync(
        HttpMethod.Post,
        "/clients/close",
        request => request.Content = new StringContent($"{{\"remote\":{JsonSerializer.Serialize(remote)},\"dryRun\":true}}", Encoding.UTF8, "application/json"));
}
