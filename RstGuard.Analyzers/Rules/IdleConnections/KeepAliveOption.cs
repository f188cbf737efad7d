using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>One of the options of TCP's keep-alive, set by <c>SetSocketOption</c>.</summary>
internal sealed class KeepAliveOption
{
    // SocketOptionLevel.Socket with SocketOptionName.KeepAlive, and SocketOptionLevel.Tcp with the rest.
    internal const long OnOff = 8, Time = 3, Interval = 17, RetryCount = 16;
    private const long SocketLevel = 0xFFFF, TcpLevel = 6;

    private KeepAliveOption(long name, IOperation value)
    {
        Name = name;
        Value = value;
    }

    /// <summary>The number of the <c>SocketOptionName</c>.</summary>
    internal long Name { get; }

    internal IOperation Value { get; }

    /// <summary>Of a time or an interval, in seconds, and of a count: the constant; <see langword="null"/> for what others decide.</summary>
    internal long? Seconds => Value.IsConstant(out long number) ? number : null;

    /// <summary>Switched on by a constant.</summary>
    internal bool IsOn => Value.Unwrap().ConstantValue is { HasValue: true, Value: true } || (Value.IsConstant(out long number) && number != 0);

    internal static KeepAliveOption? Of(IInvocationOperation call, KnownTypes types) =>
        call.TargetMethod.Name == "SetSocketOption" && KnownTypes.Is(call.TargetMethod.ContainingType, types.Socket)
        && call.Argument("optionLevel").IsConstant(out long level) && call.Argument("optionName").IsConstant(out long name) && call.Argument("optionValue") is { } value
        && (level, name) is (SocketLevel, OnOff) or (TcpLevel, Time or Interval or RetryCount)
            ? new KeepAliveOption(name, value)
            : null;
}
