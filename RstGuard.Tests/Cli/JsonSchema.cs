using System.Text.Json;
using System.Text.RegularExpressions;

namespace RstGuard.Tests.Cli;

/// <summary>
/// A schema that docs/json.md gives, with the keywords that it uses; any other is an error, so that none is passed over in silence.
/// </summary>
internal static class JsonSchema
{
    private static readonly string[] Told = ["$schema", "description"];

    /// <summary>The schema under a heading of docs/json.md.</summary>
    public static JsonElement Documented(string heading)
    {
        string text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "json.md")).ReplaceLineEndings("\n");
        Match section = Section(heading).Match(text);
        Assert.True(section.Success, $"docs/json.md has no schema under '{heading}'.");
        return JsonDocument.Parse(section.Groups["schema"].Value).RootElement;
    }

    /// <summary>What in <paramref name="value"/> the schema does not allow, each with its place.</summary>
    public static IEnumerable<string> Violations(JsonElement schema, JsonElement value, string place = "$")
    {
        // What is allowed to be null has no properties then.
        if (value.ValueKind == JsonValueKind.Null && schema.TryGetProperty("type", out JsonElement types) && types.ValueKind == JsonValueKind.Array && types.EnumerateArray().Any(type => type.GetString() == "null"))
        {
            yield break;
        }

        foreach (JsonProperty keyword in schema.EnumerateObject().Where(keyword => !Told.Contains(keyword.Name)))
        {
            JsonElement demanded = keyword.Value;
            switch (keyword.Name)
            {
                case "type" when !(demanded.ValueKind == JsonValueKind.Array ? demanded.EnumerateArray().ToArray() : [demanded]).Any(type => IsOf(type.GetString()!, value)):
                    yield return $"{place}: {value.GetRawText()} is no {demanded.GetRawText()}";
                    break;
                case "enum" when !demanded.EnumerateArray().Any(allowed => JsonElement.DeepEquals(allowed, value)):
                    yield return $"{place}: {value.GetRawText()} is none of {demanded.GetRawText()}";
                    break;
                case "minimum" when value.GetDouble() < demanded.GetDouble():
                    yield return $"{place}: {value.GetRawText()} is less than {demanded.GetRawText()}";
                    break;
                case "required" when demanded.EnumerateArray().FirstOrDefault(name => !value.TryGetProperty(name.GetString()!, out _)) is { ValueKind: JsonValueKind.String } missing:
                    yield return $"{place}: '{missing.GetString()}' is missing";
                    break;
                case "additionalProperties" when value.EnumerateObject().FirstOrDefault(property => !schema.GetProperty("properties").TryGetProperty(property.Name, out _)) is { Value.ValueKind: not JsonValueKind.Undefined } more:
                    yield return $"{place}: '{more.Name}' is not documented";
                    break;
                case "type" or "enum" or "minimum" or "required" or "additionalProperties":
                    break;
                case "items":
                    foreach (string violation in value.EnumerateArray().SelectMany((item, i) => Violations(demanded, item, $"{place}[{i}]")))
                    {
                        yield return violation;
                    }

                    break;
                case "properties":
                    foreach (string violation in demanded.EnumerateObject()
                        .Where(property => value.TryGetProperty(property.Name, out _))
                        .SelectMany(property => Violations(property.Value, value.GetProperty(property.Name), $"{place}.{property.Name}")))
                    {
                        yield return violation;
                    }

                    break;
                default:
                    throw new NotSupportedException($"The keyword '{keyword.Name}' is not known here.");
            }
        }
    }

    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "array" => value.ValueKind == JsonValueKind.Array,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "null" => value.ValueKind == JsonValueKind.Null,
        "object" => value.ValueKind == JsonValueKind.Object,
        "string" => value.ValueKind == JsonValueKind.String,
        _ => throw new NotSupportedException($"The type '{type}' is not known here."),
    };

    private static Regex Section(string heading) => new($@"^## {Regex.Escape(heading)}\n(?:(?!^## ).*\n)*?```json\n(?<schema>(?:.*\n)*?)```", RegexOptions.Multiline);
}
