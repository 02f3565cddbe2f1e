// Which page stands at which address. The pages for people who are not signed in need no frame; all others stand in it.
import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { ConnectionBanner } from './connection-banner.tsx';
import { CustomersPage } from './customers/customers.tsx';
import { Frame } from './frame.tsx';
import { SignedOutDialog } from './people/sign-in-again.tsx';
import { SignedInOnly } from './session.tsx';
import { Boundary } from './ui/boundary.tsx';
import { ButtonLink } from './ui/button.tsx';
import { Empty, Loading, Page } from './ui/page.tsx';
import { Toasts } from './ui/toast.tsx';
import { words } from './words.ts';
import { WorkDock } from './work.tsx';

const ActivityPage = lazy(async () => ({ default: (await import('./activity/activity.tsx')).ActivityPage }));
const DashboardPage = lazy(async () => ({ default: (await import('./dashboard/dashboard.tsx')).DashboardPage }));
const DeletedPage = lazy(async () => ({ default: (await import('./customers/deleted.tsx')).DeletedPage }));
const ImportsPage = lazy(async () => ({ default: (await import('./imports/imports.tsx')).ImportsPage }));
const SettingsPage = lazy(async () => ({ default: (await import('./settings/settings.tsx')).SettingsPage }));
const SignInPage = lazy(async () => ({ default: (await import('./people/sign-in.tsx')).SignInPage }));
const LinkPage = lazy(async () => ({ default: (await import('./people/link.tsx')).LinkPage }));

export function App() {
  const [location] = useLocation();
  return (
    <>
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/sign-in" component={SignInPage} />
          <Route path="/link" component={LinkPage} />
          <Route>
            <SignedInOnly>
              <Frame>
                <Boundary place={location}>
                  <Suspense fallback={<Loading />}>
                    <Switch>
                      <Route path="/">
                        <Redirect to="/customers" replace />
                      </Route>
                      <Route path="/customers/:id?" component={CustomersPage} />
                      <Route path="/deleted" component={DeletedPage} />
                      <Route path="/dashboard" component={DashboardPage} />
                      <Route path="/activity/:id?" component={ActivityPage} />
                      <Route path="/imports/:id?" component={ImportsPage} />
                      <Route path="/settings/:part?" component={SettingsPage} />
                      <Route component={UnknownPage} />
                    </Switch>
                  </Suspense>
                </Boundary>
              </Frame>
              <WorkDock />
              <SignedOutDialog />
            </SignedInOnly>
          </Route>
        </Switch>
      </Suspense>
      <ConnectionBanner />
      <Toasts />
    </>
  );
}

function UnknownPage() {
  return (
    <Page title={words.everywhere.unknownPage}>
      <Empty title={words.everywhere.unknownPage}>
        <ButtonLink href="/customers">{words.everywhere.toStart}</ButtonLink>
      </Empty>
    </Page>
  );
}
