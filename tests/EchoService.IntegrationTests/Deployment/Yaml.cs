using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace EchoService.IntegrationTests.Deployment;

/// <summary>YAML files as JSON, with anchors and merges resolved.</summary>
internal static class Yaml
{
    private static readonly IDeserializer Deserializer = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();

    /// <summary>The documents of a file, in order.</summary>
    public static IReadOnlyList<JsonElement> Read(string path)
    {
        var parser = new MergingParser(new Parser(new StringReader(File.ReadAllText(path))));
        parser.Consume<StreamStart>();
        var documents = new List<JsonElement>();
        while (parser.Accept<DocumentStart>(out _))
        {
            documents.Add(JsonSerializer.SerializeToElement(Plain(Deserializer.Deserialize(parser))));
        }

        return documents;
    }

    private static object? Plain(object? value) => value switch
    {
        IDictionary<object, object?> map => map.ToDictionary(pair => (string)pair.Key, pair => Plain(pair.Value)),
        IList<object?> list => list.Select(Plain).ToList(),
        _ => value,
    };
}
