using System;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>Times that the code fixes as constants, in milliseconds.</summary>
internal static class Duration
{
    /// <summary>
    /// The constant that <paramref name="value"/> is, an <c>int</c> of milliseconds or a <c>TimeSpan</c> made of constants; false for
    /// what a configuration or a caller decides.
    /// </summary>
    internal static bool TryGetMilliseconds(IOperation value, KnownTypes types, out double milliseconds, out string unit)
    {
        value = value.Unwrap();
        unit = DiagnosticProperties.UnitMilliseconds;
        if (value.IsConstant(out long whole))
        {
            milliseconds = whole;
            return true;
        }

        unit = DiagnosticProperties.UnitTimeSpan;
        milliseconds = 0;
        switch (value)
        {
            case IInvocationOperation { Instance: null, TargetMethod: var method, Arguments: { Length: >= 1 } arguments } when KnownTypes.Is(method.ContainingType, types.TimeSpan):
                double? factor = method.Name switch
                {
                    "FromMicroseconds" => 0.001,
                    "FromMilliseconds" => 1,
                    "FromSeconds" => 1000,
                    "FromMinutes" => 60_000,
                    "FromTicks" => 0.0001,
                    _ => null,
                };
                // Newer overloads have further parts, which are 0 where they are not given.
                double total = 0;
                foreach (IArgumentOperation argument in arguments)
                {
                    double? part = argument.Parameter?.Ordinal == 0 ? factor : argument.Parameter?.Name switch
                    {
                        "seconds" => 1000,
                        "milliseconds" => 1,
                        "microseconds" => 0.001,
                        _ => null,
                    };
                    if (part is null || !IsNumber(argument.Value, out double number))
                    {
                        return false;
                    }

                    total += number * part.Value;
                }

                milliseconds = total;
                return true;
            case IObjectCreationOperation { Arguments: { Length: >= 3 } arguments } creation when KnownTypes.Is(creation.Type, types.TimeSpan):
                foreach (IArgumentOperation argument in arguments)
                {
                    double? part = argument.Parameter?.Name switch
                    {
                        "days" => 86_400_000,
                        "hours" => 3_600_000,
                        "minutes" => 60_000,
                        "seconds" => 1000,
                        "milliseconds" => 1,
                        "microseconds" => 0.001,
                        _ => null,
                    };
                    if (part is null || !IsNumber(argument.Value, out double number))
                    {
                        return false;
                    }

                    milliseconds += number * part.Value;
                }

                return true;
            default:
                return false;
        }
    }

    private static bool IsNumber(IOperation operation, out double number)
    {
        object? constant = operation.ConstantValue is { HasValue: true } own ? own.Value : operation.Unwrap().ConstantValue.Value;
        switch (constant)
        {
            case double value:
                number = value;
                return true;
            case int or long or short or byte or float:
                number = Convert.ToDouble(constant, System.Globalization.CultureInfo.InvariantCulture);
                return true;
            default:
                number = 0;
                return false;
        }
    }
}
