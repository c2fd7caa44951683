/** For administrators: users, what goes on, limits, invitations, the audit. */
import type { ReactNode } from "react";
import { Link, useSearchParams } from "wouter";
import type { User } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { Tabs } from "../ui/Tabs.tsx";
import { View } from "../ui/View.tsx";
import { Audit } from "./Audit.tsx";
import { Invitations } from "./Invitations.tsx";
import { Limits } from "./Limits.tsx";
import { LiveRuns } from "./LiveRuns.tsx";
import { texts } from "./texts.ts";
import { Users } from "./Users.tsx";

const TABS = ["users", "runs", "limits", "invitations", "audit"] as const;
type Tab = (typeof TABS)[number];

export default function Admin({ user }: { user: User }) {
  const words = useTexts(texts);
  const [params, setParams] = useSearchParams();
  if (user.role !== "admin") {
    return (
      <View title={words.title} lead={words.notForYou}>
        <p>
          <Link href="/">{words.home}</Link>
        </p>
      </View>
    );
  }
  const tab = TABS.find((one) => one === params.get("tab")) ?? "users";
  const panels: Record<Tab, () => ReactNode> = {
    users: () => <Users user={user} />,
    runs: () => <LiveRuns />,
    limits: () => <Limits />,
    invitations: () => <Invitations />,
    audit: () => <Audit />,
  };
  return (
    <View title={words.title}>
      <Tabs
        label={words.tabs}
        value={tab}
        onChange={(next) => setParams({ tab: next }, { replace: true })}
        tabs={TABS.map((value) => ({ value, label: words[value], panel: panels[value] }))}
      />
    </View>
  );
}
