/** Which view stands at which address, and who may see it. */
import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useSyncExternalStore } from "react";
import { Route, Switch } from "wouter";
import { Refused } from "#client";
import { Enter } from "./account/Enter.tsx";
import { session } from "./api/conversations.ts";
import type { User } from "./api/types.ts";
import { Chat } from "./chat/Chat.tsx";
import { Frame } from "./Frame.tsx";
import { LiveReplies } from "./live/context.tsx";
import { subscribe, wanted } from "./ui/toasts.ts";
import { Failed, Loading } from "./ui/Waiting.tsx";

const Usage = lazy(() => import("./usage/Usage.tsx"));
const Settings = lazy(() => import("./settings/Settings.tsx"));
const Admin = lazy(() => import("./admin/Admin.tsx"));
const Toasts = lazy(() => import("./ui/Toasts.tsx"));
const Playground = lazy(() => import("./playground/Playground.tsx"));

export function App() {
  return (
    <>
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/playground">
            <Playground />
          </Route>
          <Route>
            <Members>{(user) => <Views user={user} />}</Members>
          </Route>
        </Switch>
      </Suspense>
      {useSyncExternalStore(subscribe, wanted) && (
        <Suspense>
          <Toasts />
        </Suspense>
      )}
    </>
  );
}

function Views({ user }: { user: User }) {
  return (
    <LiveReplies user={user.id}>
      <Frame user={user}>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/usage">
              <Usage />
            </Route>
            <Route path="/settings">
              <Settings user={user} />
            </Route>
            <Route path="/admin">
              <Admin user={user} />
            </Route>
            <Route path="/c/:id">{({ id }) => <Chat id={id} key={id} />}</Route>
            <Route>
              <Chat id={null} />
            </Route>
          </Switch>
        </Suspense>
      </Frame>
    </LiveReplies>
  );
}

/** What is shown to who has signed in; to others the way in. */
function Members({ children }: { children: (user: User) => ReactNode }) {
  const { data, error, refetch } = useQuery(session);
  if (error instanceof Refused && error.status === 401) return <Enter />;
  if (data) return children(data);
  return error ? <Failed error={error} onRetry={() => void refetch()} /> : <Loading />;
}
