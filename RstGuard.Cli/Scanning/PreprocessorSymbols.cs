namespace RstGuard.Cli.Scanning;

/// <summary>The conditional compilation symbols that the SDK defines for a target framework.</summary>
internal static class PreprocessorSymbols
{
    /// <summary>
    /// Those of <c>net<paramref name="major"/>.0</c> in a release build: <c>TRACE</c>, <c>NET</c>, <c>NETCOREAPP</c>, its own, and
    /// <c>_OR_GREATER</c> for it and each version before it, as Microsoft.NET.Sdk writes them.
    /// </summary>
    public static IEnumerable<string> OfTargetFramework(int major)
    {
        yield return "TRACE";
        yield return "NET";
        yield return $"NET{major}_0";
        for (int version = 5; version <= major; version++)
        {
            yield return $"NET{version}_0_OR_GREATER";
        }

        yield return "NETCOREAPP";
        foreach (string version in (string[])["1_0", "1_1", "2_0", "2_1", "2_2", "3_0", "3_1"])
        {
            yield return $"NETCOREAPP{version}_OR_GREATER";
        }
    }
}
